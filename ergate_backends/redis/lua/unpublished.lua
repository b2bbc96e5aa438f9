-- ARGV: time, limit, age in microseconds. Replies with tickets: moment, id, revision, queue.
local limit, age = tonumber(ARGV[2]), tonumber(ARGV[3])
local latest = string.format('%016.0f', math.max(now_us, last_moment()) - age)
local found = {}
for _, queue in ipairs(redis.call('SMEMBERS', base .. 'queues')) do
  local source, first, taken = key('ready', queue), 0, 0
  repeat
    local rows = redis.call('ZRANGE', source, first, first + 499)
    first = first + 500
    for _, member in ipairs(rows) do
      local mark = string.sub(member, 1, 16)
      if mark <= latest and taken < limit then
        local id = string.sub(member, 17)
        local revision = redis.call('HGET', key('job', id), 'revision')
        if revision then
          found[#found + 1] = {mark, id, revision, queue}
          taken = taken + 1
        end
      end
    end
  until #rows < 500 or taken >= limit
end
return found
