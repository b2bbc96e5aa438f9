-- Writes transitions that were worked out from jobs as they were read before. ARGV: time, then for
-- each job: id, revision, cancel request and due time as read (a request and a heartbeat change
-- the latter two without a new revision); history row, its revision and the seq that it applies
-- (each may be empty); number of columns, the columns that changed.
-- Replies one word for each: done, or moved (it is not as it was read; nothing was written).
local NEEDED = {
  'status', 'revision', 'cancel_requested', 'queue', 'priority', 'worker_id', 'created_at',
  'ready_mark', 'due_at', 'finished_at', 'requested_start_time',
}

local function write(id, revision, cancel, due, row, row_revision, row_seq, first, last)
  local values = redis.call('HMGET', key('job', id), unpack(NEEDED))
  local job = {}
  for n, name in ipairs(NEEDED) do job[name] = values[n] or nil end
  if job.revision ~= revision or (job.cancel_requested or '0') ~= cancel then return 'moved' end
  -- As numbers: a time may be kept as 5 and read as 5.0.
  if tonumber(job.due_at or '') ~= tonumber(due) then return 'moved' end
  local history = key('history', id)
  if row ~= '' then
    if redis.call('HEXISTS', history, row_revision) == 1 then return 'doubled' end
    if row_seq ~= '' and redis.call('HEXISTS', history, 'seq:' .. row_seq) == 1 then
      return 'doubled'
    end
  end

  local before = job.status
  local after = {}
  for name, value in pairs(job) do after[name] = value end
  for n = first, last, 2 do after[ARGV[n]] = ARGV[n + 1] end
  if row ~= '' then
    redis.call('HSET', history, row_revision, row)
    tell(id, row)
    if row_seq ~= '' then redis.call('HSET', history, 'seq:' .. row_seq, row_revision) end
  end
  local mark
  if before == 'running' and after.status == 'running' then
    redis.call('SADD', base .. 'cancelling', id)
  else
    leave(id, job)
    mark = enter(id, after)
  end
  redis.call('HSET', key('job', id), 'ready_mark', mark or '', unpack(ARGV, first, last))
  return 'done'
end

local words = {}
local at = 2
while at <= #ARGV do
  local first = at + 8
  local last = first + tonumber(ARGV[at + 7]) - 1
  local id, revision, cancel, due, row, row_revision, row_seq = unpack(ARGV, at, at + 6)
  words[#words + 1] = write(id, revision, cancel, due, row, row_revision, row_seq, first, last)
  at = last + 1
end
finish()
return words
