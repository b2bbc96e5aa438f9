-- ARGV: time, stream, group, consumer, idle milliseconds, limit. Takes over what was left behind,
-- and removes consumers that have been gone for an hour and have nothing.
local stream, group, me = ARGV[2], ARGV[3], ARGV[4]
local cursor, found = '0-0', {}
for _ = 1, 10 do
  local room = tonumber(ARGV[6]) - #found
  if room <= 0 then break end
  local answer = redis.call('XAUTOCLAIM', stream, group, me, ARGV[5], cursor, 'COUNT', room)
  for _, entry in ipairs(answer[2]) do
    if entry and entry[2] then found[#found + 1] = entry end
  end
  cursor = answer[1]
  if cursor == '0-0' then break end
end
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', stream, group)) do
  local facts = {}
  for at = 1, #consumer, 2 do facts[consumer[at]] = consumer[at + 1] end
  if facts['pending'] == 0 and facts['idle'] > 3600000 and facts['name'] ~= me then
    redis.call('XGROUP', 'DELCONSUMER', stream, group, facts['name'])
  end
end
return found
