-- touch: move LastActivity and ExpiresAt forward, in place.
-- KEYS: the record
-- ARGV: base, now, id, last activity, expires
-- Returns 'absent', 'newer' or 'ok'.

local now = tonumber(ARGV[2])
local head = header(ARGV[1], ARGV[3])
if not alive(head, now) then return 'absent' end
if head.newer then return 'newer' end
local last = math.max(head.last, tonumber(ARGV[4]))
local expires = math.max(head.expires, math.min(tonumber(ARGV[5]), head.deadline))
if last ~= head.last or expires ~= head.expires then
  redis.call('SETRANGE', KEYS[1], 10, struct.pack('>i8i8', last, expires))
  redis.call('PEXPIRE', KEYS[1], string.format('%d', lifetime(expires, now)))
end
return 'ok'
