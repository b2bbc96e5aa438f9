-- ARGV: time, stream, group, entries. What is acknowledged is deleted, or the stream would only grow.
for first = 4, #ARGV, 1000 do
  local last = math.min(first + 999, #ARGV)
  redis.call('XACK', ARGV[2], ARGV[3], unpack(ARGV, first, last))
  redis.call('XDEL', ARGV[2], unpack(ARGV, first, last))
end
