-- ARGV: time, stream, group. Deletes what nobody has received; replies with the number.
if redis.call('XLEN', ARGV[2]) == 0 then return 0 end
local received = '0-0'
for _, group in ipairs(redis.call('XINFO', 'GROUPS', ARGV[2])) do
  local facts = {}
  for at = 1, #group, 2 do facts[group[at]] = group[at + 1] end
  if facts['name'] == ARGV[3] then received = facts['last-delivered-id'] end
end
local gone = 0
repeat
  local entries = redis.call('XRANGE', ARGV[2], '(' .. received, '+', 'COUNT', 1000)
  local ids = {}
  for n, entry in ipairs(entries) do ids[n] = entry[1] end
  if #ids > 0 then gone = gone + redis.call('XDEL', ARGV[2], unpack(ids)) end
until #entries < 1000
return gone
