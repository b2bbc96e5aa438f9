-- Jobs of another store. ARGV: time, then for each job: id, history row of its arrival;
-- number of names and values of its history before that, these; number of columns, columns.
-- Replies with the ids that were stored, and those under which there is another job.
local stored, kept_out = {}, {}

-- Whether a job may be stored under this id: there is none, or it left from here and comes back.
local function make_room(id, job)
  local wanted = {'status', 'revision', 'created_at', 'workflow_name'}
  local here = redis.call('HMGET', key('job', id), unpack(wanted))
  if not here[1] then return true end
  if tonumber(here[3]) ~= tonumber(job.created_at) then
    kept_out[#kept_out + 1] = id
    return false
  end
  if here[1] ~= 'pending' or tonumber(here[2]) >= tonumber(job.revision) then return false end
  leave(id, {status = 'pending'})
  redis.call('ZREM', key('workflow', here[4]), id)
  redis.call('DEL', key('job', id), key('history', id))
  return true
end

local function keep(id, job, row, first_row, last_row, first, last)
  local mark = enter(id, job)
  -- By its token a later call that submits the same id knows that there is a job.
  redis.call('HSET', key('job', id), 'token', 'arrived', 'ready_mark', mark or '',
             unpack(ARGV, first, last))
  for n = first_row, last_row, 1000 do
    redis.call('HSET', key('history', id), unpack(ARGV, n, math.min(n + 999, last_row)))
  end
  redis.call('HSET', key('history', id), job.revision, row)
  tell(id, row)
  redis.call('ZADD', base .. 'jobs', job.created_at, id)
  redis.call('ZADD', key('workflow', job.workflow_name), job.created_at, id)
  stored[#stored + 1] = id
end

local at = 2
while at <= #ARGV do
  local id, row = ARGV[at], ARGV[at + 1]
  local first_row = at + 3
  local last_row = at + 2 + tonumber(ARGV[at + 2])
  local first = last_row + 2
  local last = last_row + 1 + tonumber(ARGV[last_row + 1])
  local job = {}
  for n = first, last, 2 do job[ARGV[n]] = ARGV[n + 1] end
  if make_room(id, job) then keep(id, job, row, first_row, last_row, first, last) end
  at = last + 1
end
finish()
return {stored, kept_out}
