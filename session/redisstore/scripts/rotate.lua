-- rotate: put a successor in the place of a session.
-- KEYS: the old record, the new one; the indexes of all, by expiry, and of the user if there is one
-- ARGV: base, now, old id, new id, version (8 bytes), record, created, expires, deadline,
--       alias to leave behind (empty: none), until when, the ID it is for if that is
--       not the old one: then the old one is a successor of it that nobody has used
-- Returns 'absent', 'newer', 'conflict' or 'ok'.

local base, now = ARGV[1], tonumber(ARGV[2])
local head, value = record(base, ARGV[3])
if head and head.alias then
  local till, id = follow(value)
  local next_head, next_value = record(base, id)
  if till > now and alive(next_head, now) and succeeds(next_value, ARGV[3], now) then
    return 'conflict'
  end
  return 'absent'
end
if not alive(head, now) then return 'absent' end
if head.newer then return 'newer' end
if string.sub(value, 3, 10) ~= ARGV[5] or redis.call('EXISTS', KEYS[2]) == 1 then return 'conflict' end

local named, named_key = ARGV[3], KEYS[1] -- who finds the new one
if ARGV[12] ~= '' then
  if unused(value, head) ~= ARGV[12] then return 'conflict' end
  named, named_key = ARGV[12], base .. 's:' .. ARGV[12]
  range(base, named, 0, 0) -- is it here?
end

put(base, KEYS[5], ARGV[4], ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9]), now)
if ARGV[10] == '' or named ~= ARGV[3] then redis.call('DEL', KEYS[1]) end
if ARGV[10] ~= '' then
  redis.call('SET', named_key, ARGV[10], 'PX', string.format('%d', lifetime(tonumber(ARGV[11]), now)))
end
unlist(base, ARGV[3], KEYS[5])
return 'ok'
