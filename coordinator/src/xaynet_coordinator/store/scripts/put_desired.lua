local generation, document, paused = unpack(ARGV, 1, 3)
local stored = redis.call('HMGET', key('desired'), 'generation', 'document')
if stored[1] and tonumber(stored[1]) >= tonumber(generation) then return stored end
redis.call('HSET', key('desired'), 'generation', generation, 'document', document)
redis.call('HSET', HEAD, 'paused', paused)
set_caps(unpack(ARGV, 4, 6))
return {generation, document}
