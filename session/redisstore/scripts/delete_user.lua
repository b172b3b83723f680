-- delete_user: end all sessions of a user but those to keep.
-- KEYS: the indexes of the user, of all, and by expiry
-- ARGV: base, now, the IDs to keep
-- Returns how many live sessions ended.

local base, now = ARGV[1], tonumber(ARGV[2])
local keep = {}
for i = 3, #ARGV do keep[ARGV[i]] = true end

-- Of a session that was renewed its new ID is to be kept.
for i = 3, #ARGV do
  local value = range(base, ARGV[i], 0, 9 + ID)
  if value and string.byte(value, 1) == ALIAS then
    local till, id = follow(value)
    local head, successor = record(base, id)
    if till > now and alive(head, now) and succeeds(successor, ARGV[i], now) then keep[id] = true end
  end
end
local ended, members = 0, redis.call('ZRANGE', KEYS[1], 0, -1)
for _, id in ipairs(members) do
  if alive(header(base, id), now) and not keep[id] then ended = ended + 1 end
end
for _, id in ipairs(members) do
  if not keep[id] then remove(base, id, KEYS[1]) end
end
return ended
