-- For scripts that end jobs, or take back an end: what charts are drawn from. One index for those
-- that completed and one for those that failed, by the time of the end; how long a job took, in
-- milliseconds, stands before its id, so that a chart reads no job for it.

local ENDED_AS = {completed = 'completed', failed = 'failed', aborted = 'failed'}

-- Replies with the index and the member of an ended job, or nothing. `job` has the columns status,
-- finished_at, created_at and requested_start_time as they are stored.
local function ended_row(id, job)
  local kind, finished_at = ENDED_AS[job.status], tonumber(job.finished_at or '')
  if not kind or not finished_at then return end
  local created_at = tonumber(job.created_at or '') or finished_at
  local begun_at = math.max(created_at, tonumber(job.requested_start_time or '') or created_at)
  local took_ms = math.max(0, (finished_at - begun_at) * 1000)
  return key('ended', kind), string.format('%.3f', took_ms) .. ':' .. id
end

local function note_end(id, job)
  local index, member = ended_row(id, job)
  if index then redis.call('ZADD', index, job.finished_at, member) end
end

local function take_back_end(id, job)
  local index, member = ended_row(id, job)
  if index then redis.call('ZREM', index, member) end
end
