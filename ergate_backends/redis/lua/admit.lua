-- Jobs of another store. ARGV: time, then for each job: id, revision and history row of its arrival;
-- number of names and values of its history before that, these; number of columns, columns.
-- Replies with the ids that were stored, and those under which there is another job.
local ARRIVED = packed({'arrived'}, 1)
local stored, kept_out = {}, {}

-- Whether a job may be stored under this id: there is none, or it left from here and comes back.
local function make_room(id, revision)
  local here = redis.call('HMGET', key('job', id), 'status', 'revision', 'workflow_name')
  if not here[1] then return true end
  if here[1] == 'pending' and tonumber(here[2]) < tonumber(revision) then
    leave(id, {status = 'pending'})
    redis.call('ZREM', key('workflow', here[3]), id)
    redis.call('DEL', key('job', id), key('history', id))
    return true
  end
  local row = redis.call('HGET', key('history', id), revision) or ''
  if string.sub(row, 1, #ARRIVED) ~= ARRIVED then kept_out[#kept_out + 1] = id end
  return false
end

local function keep(id, revision, row, first_row, last_row, first, last)
  local job = {}
  for n = first, last, 2 do job[ARGV[n]] = ARGV[n + 1] end
  local mark = enter(id, job)
  -- By its token a later call that submits the same id knows that there is a job.
  redis.call('HSET', key('job', id), 'token', 'arrived', 'ready_mark', mark or '',
             unpack(ARGV, first, last))
  for n = first_row, last_row, 1000 do
    redis.call('HSET', key('history', id), unpack(ARGV, n, math.min(n + 999, last_row)))
  end
  redis.call('HSET', key('history', id), revision, row)
  tell(id, row)
  redis.call('ZADD', base .. 'jobs', job.created_at, id)
  redis.call('ZADD', key('workflow', job.workflow_name), job.created_at, id)
  stored[#stored + 1] = id
end

local at = 2
while at <= #ARGV do
  local id, revision, row = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local first_row = at + 4
  local last_row = at + 3 + tonumber(ARGV[at + 3])
  local first = last_row + 2
  local last = last_row + 1 + tonumber(ARGV[last_row + 1])
  if make_room(id, revision) then keep(id, revision, row, first_row, last_row, first, last) end
  at = last + 1
end
finish()
return {stored, kept_out}
