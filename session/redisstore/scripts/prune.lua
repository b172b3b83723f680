-- prune: take out of an index what has no live session behind it.
-- KEYS: the index
-- ARGV: base, now, IDs
-- Returns how many were taken out.

local base, now = ARGV[1], tonumber(ARGV[2])
local dead = {}
for i = 3, #ARGV do
  local head = header(base, ARGV[i])
  if not alive(head, now) then
    local one = {id = ARGV[i], user = head and owner(base, ARGV[i])}
    if one.user then redis.call('EXISTS', one.user) end
    dead[#dead + 1] = one
  end
end
for _, one in ipairs(dead) do
  redis.call('ZREM', KEYS[1], one.id)
  remove(base, one.id, one.user)
end
return #dead
