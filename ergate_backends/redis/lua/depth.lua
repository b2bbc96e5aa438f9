-- ARGV: time, stream, group. Replies how many entries nobody has received; what is acknowledged is
-- deleted, so all others that are there are in somebody's hands.
local length = redis.call('XLEN', ARGV[2])
if length == 0 then return 0 end
for _, group in ipairs(redis.call('XINFO', 'GROUPS', ARGV[2])) do
  for at = 1, #group, 2 do
    if group[at] == 'name' and group[at + 1] == ARGV[3] then
      return math.max(0, length - redis.call('XPENDING', ARGV[2], ARGV[3])[1])
    end
  end
end
return length
