-- Stands before every script. KEYS[1] is the base of all keys, ARGV[1] the time in microseconds,
-- or empty for the server's own. FIELDS, the columns of a job, comes from Python.
-- A script is not rolled back: for each job, every check comes before the first write.

local base = KEYS[1]

local function key(kind, name)
  return base .. kind .. ':' .. name
end

local function server_time()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

local now_us = tonumber(ARGV[1]) or server_time()

local function in_seconds(us)
  return string.format('%d.%06d', math.floor(us / 1000000), us % 1000000)
end

local now = in_seconds(now_us)

-- Ready rows are ordered by moments, of which no two are the same and none is before another that
-- was given earlier, whatever the clock does.
local function last_moment()
  return tonumber(redis.call('GET', base .. 'moment') or 0)
end

local next_moment

local function ready_mark()
  next_moment = next_moment and next_moment + 1 or math.max(now_us, last_moment() + 1)
  return string.format('%016.0f', next_moment)
end

local AT = {}
for at, name in ipairs(FIELDS) do AT[name] = at end

-- Counters change once per script, not once per job.
local counts, running, live = {}, {}, {}

local function count(status, change)
  counts[status] = (counts[status] or 0) + change
end

local function count_running(queue, change)
  running[queue] = (running[queue] or 0) + change
end

local function ring(queue)
  local bell = key('bell', queue)
  if redis.call('LLEN', bell) == 0 then redis.call('RPUSH', bell, '1') end
end

local function make_ready(id, queue, priority)
  local mark = ready_mark()
  redis.call('ZADD', key('ready', queue), -priority, mark .. id)
  live[queue] = true
  return mark
end

local function unready(id, queue, mark)
  if redis.call('ZREM', key('ready', queue), mark .. id) == 0 then
    redis.call('ZREM', key('sent', queue), mark .. id)
    redis.call('ZREM', base .. 'published', id)
  end
end

-- Whatever writes a history row tells the feeds: each has a stream of its own with a copy of the
-- row, so that deleting a job takes nothing from a feed. The job must be stored before.
local feeds

local function tell(id, row)
  feeds = feeds or redis.call('SMEMBERS', base .. 'feeds')
  if #feeds == 0 then return end
  local workflow = redis.call('HGET', key('job', id), 'workflow_name') or ''
  for _, name in ipairs(feeds) do
    redis.call('XADD', key('feed', name), '*', 'job', id, 'workflow', workflow, 'row', row)
  end
end

-- The last act of every script that changes jobs.
local function finish()
  if next_moment then redis.call('SET', base .. 'moment', string.format('%.0f', next_moment)) end
  for status, change in pairs(counts) do
    if change ~= 0 then redis.call('HINCRBY', base .. 'counts', status, change) end
  end
  for queue, change in pairs(running) do
    if change ~= 0 then redis.call('HINCRBY', base .. 'running', queue, change) end
  end
  for queue in pairs(live) do
    redis.call('SADD', base .. 'queues', queue)
    ring(queue)
  end
end

local function packed(values, size)
  local parts = {}
  for n = 1, size do
    local value = values[n]
    parts[n] = value and (#value .. ':' .. value) or '-'
  end
  return table.concat(parts)
end
