-- ARGV: time, worker, limit, queues. Replies with the claimed jobs: id and columns each.
local worker, limit = ARGV[2], tonumber(ARGV[3])
local kinds = {'ready'}
if redis.call('EXISTS', base .. 'published') == 1 then kinds[2] = 'sent' end

-- What is next in each queue: {rank, member, key, queue}.
local found, used = {}, 0
for n = 4, #ARGV do
  for _, kind in ipairs(kinds) do
    local source = key(kind, ARGV[n])
    local rows = redis.call('ZRANGE', source, 0, limit - 1, 'WITHSCORES')
    if #rows > 0 then used = used + 1 end
    for at = 1, #rows, 2 do
      found[#found + 1] = {tonumber(rows[at + 1]), rows[at], source, ARGV[n]}
    end
  end
end
if used > 1 then
  table.sort(found, function(a, b)
    if a[1] ~= b[1] then return a[1] < b[1] end
    return a[2] < b[2]
  end)
end

-- One job that must run alone, or jobs of which none must.
local gone = {}
for _, row in ipairs(found) do
  local member, source = row[2], row[3]
  local id = string.sub(member, 17)
  local values = read(id)
  local is_whole = values[AT.status] == 'queued' and tonumber(values[AT.revision])
  local is_alone = values[AT.alone] == '1'
  if #claimed >= limit or (is_whole and is_alone and #claimed > 0) then break end
  gone[source] = gone[source] or {}
  table.insert(gone[source], member)
  if is_whole then
    claim(id, values, worker)
    if source == key('sent', row[4]) then redis.call('ZREM', base .. 'published', id) end
    if is_alone then break end
  end
end

for source, members in pairs(gone) do
  for first = 1, #members, 1000 do
    redis.call('ZREM', source, unpack(members, first, math.min(first + 999, #members)))
  end
end
if #claimed > 0 then
  redis.call('SADD', base .. 'holders', worker)
  finish()
  -- Whoever was woken takes a part and wakes the next.
  for n = 4, #ARGV do
    if redis.call('EXISTS', key('ready', ARGV[n])) == 1 then ring(ARGV[n]) end
  end
end
return claimed
