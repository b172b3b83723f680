-- prune: take out of an index what has no live session behind it.
-- KEYS: the index
-- ARGV: base, now, IDs
-- Returns how many were taken out.

local base, now = ARGV[1], tonumber(ARGV[2])
local dead = {}
for i = 3, #ARGV do
  local head = header(base, ARGV[i])
  if not alive(head, now) and not (head and head.alias) then -- one renewed meanwhile is in its grace
    dead[#dead + 1] = {id = ARGV[i], user = head and owner(base, ARGV[i])}
  end
end
for _, one in ipairs(dead) do
  redis.call('ZREM', KEYS[1], one.id)
  remove(base, one.id, one.user)
end
return #dead
