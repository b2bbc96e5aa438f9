-- ARGV: time, limit. Replies with the ids of jobs that wait: those that are ready in the order of
-- claiming, then those that are scheduled, the first due one first.
local limit = tonumber(ARGV[2])

local function all(kinds)
  local found = {}
  for _, queue in ipairs(redis.call('SMEMBERS', base .. 'queues')) do
    for _, kind in ipairs(kinds) do
      local rows = redis.call('ZRANGE', key(kind, queue), 0, limit - 1, 'WITHSCORES')
      for at = 1, #rows, 2 do found[#found + 1] = {tonumber(rows[at + 1]), rows[at]} end
    end
  end
  table.sort(found, function(a, b)
    if a[1] ~= b[1] then return a[1] < b[1] end
    return a[2] < b[2]
  end)
  return found
end

local ids = {}
for _, row in ipairs(all({'ready', 'sent'})) do
  if #ids < limit then ids[#ids + 1] = string.sub(row[2], 17) end
end
if #ids < limit then
  for _, row in ipairs(all({'due'})) do
    if #ids < limit then ids[#ids + 1] = row[2] end
  end
end
return ids
