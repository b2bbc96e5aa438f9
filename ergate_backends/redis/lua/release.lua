-- ARGV: time, stream, group, entries. Puts what is still in somebody's hands behind all others.
for n = 4, #ARGV do
  local entry = redis.call('XRANGE', ARGV[2], ARGV[n], ARGV[n])[1]
  if redis.call('XACK', ARGV[2], ARGV[3], ARGV[n]) == 1 and entry then
    redis.call('XDEL', ARGV[2], ARGV[n])
    local fields, has_id = entry[2], false
    for at = 1, #fields, 2 do has_id = has_id or fields[at] == 'id' end
    if not has_id then
      fields[#fields + 1] = 'id'
      fields[#fields + 1] = ARGV[n]
    end
    redis.call('XADD', ARGV[2], '*', unpack(fields))
  end
end
