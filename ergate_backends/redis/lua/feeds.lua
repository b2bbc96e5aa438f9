-- ARGV: time. Replies for each feed: name, holder, end of the lease, length, first row.
local found = {}
for _, name in ipairs(redis.call('SMEMBERS', base .. 'feeds')) do
  local lease = redis.call('HMGET', key('feeder', name), 'holder', 'ends')
  local first = redis.call('XRANGE', key('feed', name), '-', '+', 'COUNT', 1)[1]
  found[#found + 1] = {name, lease[1] or '', lease[2] or '0',
                       redis.call('XLEN', key('feed', name)), first and first[2][6] or ''}
end
return {now, found}
