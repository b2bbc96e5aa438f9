-- ARGV: time, name, entries. Deletes what was passed, and nothing else.
for first = 3, #ARGV, 1000 do
  redis.call('XDEL', key('feed', ARGV[2]), unpack(ARGV, first, math.min(first + 999, #ARGV)))
end
