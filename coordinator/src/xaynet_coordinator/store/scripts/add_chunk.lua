-- A collection is a hash of chunk id -> data, with two more fields: 'bytes', what it counts
-- against the bounds, and 'last', the id of the latest chunk that was flagged last.

local epoch, tag, participant, receipt, collection, id, data = unpack(ARGV, 1, 7)
local is_last, overhead, bound, total_bound = ARGV[8] == '1', unpack(ARGV, 9, 11)

local refusal = closed(epoch) or seen(tag, participant, receipt)
if refusal then return {refusal} end
if tag == 'sum2' and not is_sum_participant(participant) then
  return {'unknown-sum-participant'}
end
if room(tag) <= 0 then return {'full'} end

local hash = chunks(collection)
local grown = #data
if redis.call('HEXISTS', hash, id) == 1 then
  grown = grown - redis.call('HSTRLEN', hash, id)
else
  grown = grown + tonumber(overhead)
end
local stored = redis.call('HMGET', CHUNK_BYTES, 'of:' .. participant, 'total')
if grown > 0 and (tonumber(stored[1] or '0') + grown > tonumber(bound)
    or tonumber(stored[2] or '0') + grown > tonumber(total_bound)) then
  return {'no-room'}
end

redis.call('SADD', COLLECTIONS, collection)
redis.call('HSET', hash, id, data)
redis.call('HINCRBY', hash, 'bytes', grown)
redis.call('HINCRBY', CHUNK_BYTES, 'of:' .. participant, grown)
redis.call('HINCRBY', CHUNK_BYTES, 'total', grown)
if is_last then redis.call('HSET', hash, 'last', id) end

local last = redis.call('HGET', hash, 'last')
local number = redis.call('HLEN', hash) - (last and 2 or 1)
return {'stored', number, last}
