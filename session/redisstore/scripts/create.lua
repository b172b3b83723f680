-- create: count the user's live sessions, end the oldest or refuse, insert.
-- KEYS: the record; the indexes of all, by expiry, and of the user if there is one
-- ARGV: base, now, id, record, created, expires, deadline, limit (0: none), refuse (1 or 0)
-- Returns 'conflict', 'limit', or 'ok' and the IDs that were ended.

local base, now, id, user = ARGV[1], tonumber(ARGV[2]), ARGV[3], KEYS[4]
local limit = tonumber(ARGV[8])

if redis.call('EXISTS', KEYS[1]) == 1 then return {'conflict'} end

local live, dead = {}, {}
if user and limit > 0 then
  for _, mate in ipairs(redis.call('ZRANGE', user, 0, -1)) do
    if alive(header(base, mate), now) then
      live[#live + 1] = mate
    else
      dead[#dead + 1] = mate
    end
  end
  if #live >= limit and ARGV[9] == '1' then return {'limit'} end
end

put(base, user, id, ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), now)
for _, mate in ipairs(dead) do remove(base, mate, user) end
local reply = {'ok'}
if limit > 0 then
  for i = 1, #live - limit + 1 do
    remove(base, live[i], user)
    reply[#reply + 1] = live[i]
  end
end
return reply
