-- count: record an event unless the window is full.
-- KEYS: the events of a counter, by time
-- ARGV: now, limit, window, a name for the event
-- Returns 0, or how many microseconds until it would be recorded.

local now, limit, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%d', now - window))
local n = redis.call('ZCARD', KEYS[1])
if n >= limit then
  local first = redis.call('ZRANGE', KEYS[1], n - limit, n - limit, 'WITHSCORES')
  return tonumber(first[2]) + window - now
end
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[4])
extend(KEYS[1], lifetime(now + window, now))
return 0
