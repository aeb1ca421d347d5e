local term, epoch, elapsed = unpack(ARGV)
if not leads(term, epoch) then return 0 end
redis.call('HSET', HEAD, 'elapsed', elapsed)
return 1
