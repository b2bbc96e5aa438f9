-- For scripts that move a job between any two statuses.

local FINAL = {completed = true, failed = true, aborted = true, cancelled = true}

-- Takes a job out of the index of its status. `job` has the columns as they are stored.
local function leave(id, job)
  local status = job.status
  count(status, -1)
  if status == 'queued' then
    unready(id, job.queue, job.ready_mark or '')
  elseif status == 'running' then
    redis.call('HDEL', key('held', job.worker_id or ''), id)
    count_running(job.queue, -1)
    if job.cancel_requested == '1' then redis.call('SREM', base .. 'cancelling', id) end
  elseif status == 'scheduled' then
    redis.call('ZREM', key('due', job.queue), id)
  else
    redis.call('ZREM', key('status', status), id)
    take_back_end(id, job)
  end
end

-- Puts a job into the index of its status; returns the mark of its ready row, if it has one.
local function enter(id, job)
  local status = job.status
  count(status, 1)
  if status == 'queued' then
    return make_ready(id, job.queue, tonumber(job.priority or 0))
  elseif status == 'scheduled' then
    redis.call('ZADD', key('due', job.queue), job.due_at, id)
    redis.call('SADD', base .. 'queues', job.queue)
  else
    redis.call('ZADD', key('status', status), job.created_at, id)
    note_end(id, job)
  end
end
