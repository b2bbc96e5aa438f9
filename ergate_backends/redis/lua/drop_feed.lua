-- ARGV: time, name. Forgets a feed; replies with 1 if there was one.
redis.call('DEL', key('feed', ARGV[2]), key('feeder', ARGV[2]))
return redis.call('SREM', base .. 'feeds', ARGV[2])
