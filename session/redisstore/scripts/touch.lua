-- touch: move LastActivity and ExpiresAt forward, in place, and note the first use
-- since a renewal.
-- KEYS: the record
-- ARGV: base, now, id, last activity, expires, until when the ID before finds the
--       session if this is its first use (0: it is not said)
-- Returns 'absent', 'newer' or 'ok'.

-- STEP is CRC-32C (reflected, polynomial 82F63B78) of four bits.
local STEP = {[0] = 0x00000000, 0x105EC76F, 0x20BD8EDE, 0x30E349B1, 0x417B1DBC, 0x5125DAD3, 0x61C69362, 0x7198540D,
  0x82F63B78, 0x92A8FC17, 0xA24BB5A6, 0xB21572C9, 0xC38D26C4, 0xD3D3E1AB, 0xE330A81A, 0xF36E6F75}

local function step(sum, byte)
  sum = bit.bxor(sum, byte)
  sum = bit.bxor(bit.rshift(sum, 4), STEP[bit.band(sum, 15)])
  return bit.bxor(bit.rshift(sum, 4), STEP[bit.band(sum, 15)])
end

-- difference is by how much the checksum changes if some bytes do, with n behind
-- them: that of a record which was spoilt stays wrong.
local function difference(before, after, n)
  local sum = 0
  for i = 1, #before do sum = step(sum, bit.bxor(string.byte(before, i), string.byte(after, i))) end
  for _ = 1, n do sum = step(sum, 0) end
  return sum
end

local base, now, id, till = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[6])
local head, value
if till > 0 then
  head, value = record(base, id)
else
  head = header(base, id)
end
if not alive(head, now) then return 'absent' end
if head.newer then return 'newer' end
local last = math.max(head.last, tonumber(ARGV[4]))
local expires = math.max(head.expires, math.min(tonumber(ARGV[5]), head.deadline))
local previous = value and unused(value, head)
local alias = previous and range(base, previous, 0, 9 + ID)

if last ~= head.last or expires ~= head.expires then
  redis.call('SETRANGE', KEYS[1], 10, struct.pack('>i8i8', last, expires))
  redis.call('PEXPIRE', KEYS[1], string.format('%d', lifetime(expires, now)))
end
if previous then
  local after, sum_at = struct.pack('>i8', till), struct.unpack('>I2', value, METADATA_AT) - 4 -- offset of the checksum
  local before = string.sub(value, PREVIOUS_UNTIL, PREVIOUS_UNTIL + 7)
  local sum = bit.bxor(struct.unpack('>I4', value, sum_at + 1), difference(before, after, sum_at - PREVIOUS_UNTIL - 7))
  redis.call('SETRANGE', KEYS[1], PREVIOUS_UNTIL - 1, after)
  redis.call('SETRANGE', KEYS[1], sum_at, struct.pack('>i4', sum))
  if alias and string.byte(alias, 1) == ALIAS and string.sub(alias, 11, 10 + ID) == id then
    redis.call('PEXPIRE', base .. 's:' .. previous, string.format('%d', lifetime(till, now)))
  end
end
return 'ok'
