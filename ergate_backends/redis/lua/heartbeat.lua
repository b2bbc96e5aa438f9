-- ARGV: time, lease in microseconds, then for each worker: id, what it says about itself.
-- Replies with those that had no live lease.
local ends = in_seconds(now_us + tonumber(ARGV[2]))
local lost = {}
for at = 3, #ARGV, 2 do
  local lease = redis.call('ZSCORE', base .. 'leases', ARGV[at])
  if not lease or tonumber(lease) <= tonumber(now) then lost[#lost + 1] = ARGV[at] end
  redis.call('ZADD', base .. 'leases', ends, ARGV[at])
  redis.call('HSET', base .. 'workers', ARGV[at], ARGV[at + 1])
end
return lost
