-- delete: end a session, or the successor of one in its grace.
-- KEYS: the record; the indexes of all and by expiry
-- ARGV: base, now, id
-- Returns 'absent', 'newer', 'bad', or 'ok' with the ID and the record that ended.

local base, now, id = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local head, value = record(base, id)
if head and head.alias then
  local till, successor = follow(value)
  if till <= now then return {'absent'} end
  id = successor
  head, value = record(base, id)
  if not alive(head, now) or not succeeds(value, ARGV[3], now) then return {'absent'} end
end
if not head then return {'absent'} end
if head.newer then return {'newer'} end
local user = owner(base, id)
remove(base, id, user)
if head.bad then return {'bad'} end
if not alive(head, now) then return {'absent'} end
return {'ok', id, value}
