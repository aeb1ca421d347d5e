erase_chunks()
erase_round()
redis.call('UNLINK', key('desired'), HEAD)
