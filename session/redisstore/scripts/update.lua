-- update: replace the metadata if the version still matches.
-- KEYS: the record
-- ARGV: base, now, id, version and next version (8 bytes each), the end of the record that holds the metadata
-- Returns 'absent', 'newer', 'conflict' or 'ok'.

local head, value = record(ARGV[1], ARGV[3])
if not alive(head, tonumber(ARGV[2])) then return 'absent' end
if head.newer then return 'newer' end
if string.sub(value, 3, 10) ~= ARGV[4] then return 'conflict' end
local at = struct.unpack('>I2', value, METADATA_AT)
redis.call('SET', KEYS[1], string.sub(value, 1, 2) .. ARGV[5] .. string.sub(value, 11, at) .. ARGV[6], 'KEEPTTL')
return 'ok'
