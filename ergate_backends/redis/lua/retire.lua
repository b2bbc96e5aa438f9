-- ARGV: time, workers. Removes their leases.
for n = 2, #ARGV do
  redis.call('ZREM', base .. 'leases', ARGV[n])
  redis.call('HDEL', base .. 'workers', ARGV[n])
end
