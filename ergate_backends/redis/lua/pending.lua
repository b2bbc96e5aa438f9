-- ARGV: time, limit, offset. Replies with the ids of PENDING jobs, the first to depart first.
local limit, offset = tonumber(ARGV[2]), tonumber(ARGV[3])
local found = {}
for _, id in ipairs(redis.call('ZRANGE', key('status', 'pending'), 0, -1)) do
  local times = redis.call('HMGET', key('job', id), 'updated_at', 'created_at')
  found[#found + 1] = {tonumber(times[1]) or 0, tonumber(times[2]) or 0, id}
end
table.sort(found, function(a, b)
  if a[1] ~= b[1] then return a[1] < b[1] end
  if a[2] ~= b[2] then return a[2] < b[2] end
  return a[3] < b[3]
end)
local ids = {}
for at = offset + 1, math.min(offset + limit, #found) do ids[#ids + 1] = found[at][3] end
return ids
