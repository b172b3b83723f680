-- count: record an event unless the rule holds it back.
-- KEYS: the events of a counter, by time
-- ARGV: now, limit, window, a name for the event, pace (0: none), 1 to record it
-- always, how many events are kept
-- Returns 0, or how many microseconds until it would be recorded.

local now, limit, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local pace, always, kept = tonumber(ARGV[5]), ARGV[6] == '1', tonumber(ARGV[7])
-- What lies a window or more after now was recorded by a clock that was wrong.
redis.call('ZREMRANGEBYSCORE', KEYS[1], string.format('%d', now + window), '+inf')
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%d', now - window))
local n = redis.call('ZCARD', KEYS[1])
local function at(rank) return tonumber(redis.call('ZRANGE', KEYS[1], rank, rank, 'WITHSCORES')[2]) end
local wait = 0
if n >= limit then wait = at(n - limit) + window - now end
if n > 0 and pace > 0 then wait = math.max(wait, at(-1) + math.min(pace * 2 ^ (math.min(n, limit) - 1), window) - now) end
if wait > 0 and not always then return wait end
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[4])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -kept - 1)
extend(KEYS[1], lifetime(now + window, now))
return math.max(wait, 0)
