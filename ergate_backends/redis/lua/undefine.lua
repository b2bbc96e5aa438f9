-- ARGV: time, kind, name. Leaves a name without a current version; replies with 1 if it had one.
return redis.call('HDEL', key('current', ARGV[2]), ARGV[3])
