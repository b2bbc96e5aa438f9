-- ARGV: time, then for each letter: id, queue, body, reason, time or nothing.
for at = 2, #ARGV, 5 do
  local letter = key('letter', ARGV[at])
  if redis.call('EXISTS', letter) == 0 then
    local number = redis.call('INCR', base .. 'letter_number')
    redis.call('HSET', letter, 'queue', ARGV[at + 1], 'body', ARGV[at + 2],
               'reason', ARGV[at + 3],
               'at', ARGV[at + 4] ~= '' and ARGV[at + 4] or now)
    redis.call('ZADD', base .. 'letters', number, ARGV[at])
  end
end
