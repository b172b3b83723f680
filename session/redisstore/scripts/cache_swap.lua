-- cache_swap: put a value in the place of one that begins as expected.
-- KEYS: the entry
-- ARGV: how the value there must begin, the new value, milliseconds to keep it
-- Returns 'ok' or 'conflict'.

if redis.call('GETRANGE', KEYS[1], 0, #ARGV[1] - 1) ~= ARGV[1] then return 'conflict' end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 'ok'
