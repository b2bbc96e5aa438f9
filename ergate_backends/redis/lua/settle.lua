-- What steps returned. ARGV: time, then for each settlement: id, worker, revision, result, step,
-- step name, queue, percent, fingerprint; after the last step, only id, worker, revision, result
-- and five empty texts. Replies one word for each: done, late, again (it landed before), or
-- other, for a job that was to be cancelled.
local WANTED = {
  'status', 'revision', 'worker_id', 'cancel_requested', 'seq', 'steps_completed', 'priority',
  'attempt', 'step_name', 'claimed_at', 'queue', 'percent_completed', 'created_at',
  'requested_start_time',
}

local function apply(id, worker, revision, result, step, step_name, queue, percent, fingerprint)
  local job = redis.call('HMGET', key('job', id), unpack(WANTED))
  local status, held_by, seq = job[1], job[3], job[5] or '0'
  local after = string.format('%d', revision + 1)
  local history = key('history', id)
  if status ~= 'running' or job[2] ~= revision or held_by ~= worker then
    -- Its row begins with event and worker: did this very settlement land before?
    local row = redis.call('HGET', history, after) or ''
    local mine = packed({'applied', worker}, 2)
    return string.sub(row, 1, #mine) == mine and 'again' or 'late'
  end
  if job[4] == '1' then return 'other' end
  local doubled = redis.call('HMGET', history, after, 'seq:' .. seq)
  if doubled[1] or doubled[2] then return 'doubled' end

  local is_last = step == ''
  local new_status = is_last and 'completed' or 'queued'
  local row = packed({'applied', worker, after, new_status, seq, job[9], not is_last and step_name,
                      job[8] or '0', job[10], now, result, false}, 12)
  redis.call('HSET', history, 'seq:' .. seq, after, after, row)
  tell(id, row)
  redis.call('HDEL', key('held', worker), id)
  count('running', -1)
  count(new_status, 1)
  count('applied', 1)
  count_running(job[11], -1)
  local changes = {
    'status', new_status, 'revision', after, 'seq', string.format('%d', seq + 1),
    'steps_completed', string.format('%d', (job[6] or 0) + 1), 'attempt', '0', 'deliveries', '0',
    'alone', '0', 'unroutable', '0', 'error', '', 'worker_id', '', 'claimed_at', '',
    'last_return_value', result, 'updated_at', now,
  }
  if is_last then
    redis.call('HSET', key('job', id), 'percent_completed', '100.0', 'due_at', '',
               'finished_at', now, unpack(changes))
    redis.call('ZADD', key('status', 'completed'), job[13], id)
    note_end(id, {status = 'completed', finished_at = now, created_at = job[13],
                  requested_start_time = job[14] or nil})
  else
    if tonumber(job[12] or 0) > tonumber(percent) then percent = job[12] end
    local mark = make_ready(id, queue, tonumber(job[7] or 0))
    redis.call('HSET', key('job', id), 'current_step', step, 'step_name', step_name,
               'queue', queue, 'percent_completed', percent, 'fingerprint', fingerprint,
               'ready_mark', mark, unpack(changes))
  end
  return 'done'
end

local words = {}
for at = 2, #ARGV, 9 do
  words[#words + 1] = apply(unpack(ARGV, at, at + 8))
end
finish()
return words
