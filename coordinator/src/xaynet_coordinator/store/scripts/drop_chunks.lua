local participant, collection = unpack(ARGV)
local bytes = redis.call('HGET', chunks(collection), 'bytes')
if not bytes then return end
redis.call('UNLINK', chunks(collection))
redis.call('SREM', COLLECTIONS, collection)
redis.call('HINCRBY', CHUNK_BYTES, 'of:' .. participant, -bytes)
redis.call('HINCRBY', CHUNK_BYTES, 'total', -bytes)
