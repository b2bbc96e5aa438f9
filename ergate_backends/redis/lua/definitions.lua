-- ARGV: time, kind, then a name, and then a version, if not all names or the current version are
-- meant. Replies with name, version and kept text of each.
local kind, name, version = ARGV[2], ARGV[3], ARGV[4]
local wanted
if version then
  wanted = {name, version}
elseif name then
  local current = redis.call('HGET', key('current', kind), name)
  wanted = current and {name, current} or {}
else
  wanted = redis.call('HGETALL', key('current', kind))
end
local found = {}
for n = 1, #wanted, 2 do
  local kept = redis.call('HGET', key('versions', kind .. ':' .. wanted[n]), wanted[n + 1])
  if kept then found[#found + 1] = {wanted[n], wanted[n + 1], kept} end
end
return found
