local layout = ARGV[1]
redis.call('HINCRBY', HEAD, 'term', 1)
redis.call('HSET', HEAD, 'layout', layout)
return redis.call('HGETALL', HEAD)
