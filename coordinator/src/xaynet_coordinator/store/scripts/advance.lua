local term, epoch, state, erase = unpack(ARGV, 1, 4)
if not leads(term, epoch) then return false end
erase_chunks()
if erase == '1' then erase_round() end
redis.call('HINCRBY', HEAD, 'epoch', 1)
redis.call('HSET', HEAD, 'state', state, 'elapsed', '0')
set_caps(unpack(ARGV, 5, 7))
return redis.call('HGETALL', HEAD)
