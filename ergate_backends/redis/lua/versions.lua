-- ARGV: time, kind, name, limit. Replies with name, version and kept text of each: the current version
-- first, then the newest.
local kind, name, limit = ARGV[2], ARGV[3], tonumber(ARGV[4])
local current = redis.call('HGET', key('current', kind), name)
local kept = redis.call('HGETALL', key('versions', kind .. ':' .. name))
local all = {}
for n = 1, #kept, 2 do
  local at = tonumber(string.match(kept[n + 1], '^(%S+) '))
  all[#all + 1] = {version = kept[n], text = kept[n + 1], at = at, is_current = kept[n] == current}
end
table.sort(all, function(one, other)
  if one.is_current ~= other.is_current then return one.is_current end
  if one.at ~= other.at then return one.at > other.at end
  return one.version < other.version
end)
local found = {}
for n = 1, math.min(limit, #all) do found[n] = {name, all[n].version, all[n].text} end
return found
