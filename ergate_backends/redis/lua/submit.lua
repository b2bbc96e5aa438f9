-- ARGV: time, token, if_absent, then for each job: id, history row, number of columns, columns.
-- Replies with the ids that were stored, or with the first one that exists when it must not.
-- A job with the same token was stored by this very call, whose answer got lost.
local token, if_absent = ARGV[2], ARGV[3] == '1'
local fresh, seen, stored = {}, {}, {}
local at = 4
while at <= #ARGV do
  local id, row, size = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2])
  local first = at + 3
  local present = redis.call('HGET', key('job', id), 'token')
  if present == token then
    stored[#stored + 1] = id
  elseif present or seen[id] then
    if not if_absent then return {'exists', id} end
  else
    seen[id] = true
    fresh[#fresh + 1] = {id, row, first, first + size - 1}
    stored[#stored + 1] = id
  end
  at = first + size
end

for _, new in ipairs(fresh) do
  local id, row, first, last = unpack(new)
  local job = {}
  for n = first, last, 2 do job[ARGV[n]] = ARGV[n + 1] end
  local mark = enter(id, job)
  redis.call('HSET', key('job', id), 'token', token, 'ready_mark', mark or '',
             unpack(ARGV, first, last))
  redis.call('HSET', key('history', id), job.revision, row)
  tell(id, row)
  redis.call('ZADD', base .. 'jobs', job.created_at, id)
  redis.call('ZADD', key('workflow', job.workflow_name), job.created_at, id)
end
finish()
return {'stored', stored}
