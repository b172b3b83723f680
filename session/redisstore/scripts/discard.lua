-- discard: remove a record that cannot be decoded, if it still is what was seen.
-- KEYS: the record; the indexes of all and by expiry
-- ARGV: base, id, the bytes that were seen (the first of them, if they are very many)
-- Returns 1 if it was removed.

local value = range(ARGV[1], ARGV[2], 0, LONGEST)
if value == nil or (value or '') ~= ARGV[3] then return 0 end
local user = value and owner(ARGV[1], ARGV[2]) or nil
remove(ARGV[1], ARGV[2], user)
return 1
