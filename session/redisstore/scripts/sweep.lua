-- sweep: remove expired sessions of a partition. The index by expiry says when to
-- look at a session again: a touch does not move it, the sweep does.
-- KEYS: the indexes by expiry and of all
-- ARGV: base, now, how many to look at
-- Returns how many were removed, and how many looked at.

local base, now = ARGV[1], tonumber(ARGV[2])
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[2], 'LIMIT', 0, ARGV[3])
local heads, users = {}, {}
for i, id in ipairs(due) do
  heads[i] = header(base, id) or {bad = true}
  if not alive(heads[i], now) then
    users[i] = owner(base, id)
  end
end
local removed = 0
for i, id in ipairs(due) do
  if alive(heads[i], now) then
    redis.call('ZADD', KEYS[1], string.format('%d', math.min(heads[i].expires, heads[i].deadline)), id)
  else
    remove(base, id, users[i])
    removed = removed + 1
  end
end
return {removed, #due}
