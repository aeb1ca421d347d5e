-- ARGV: epoch, member, expected pointer ('' for none), pointer, then for each update
-- participant, receipt, number of seeds, and that many pairs of sum participant and seed.

local epoch, member, expected, pointer = unpack(ARGV, 1, 4)

local refusal = closed(epoch)
if refusal then return {refusal} end
if (redis.call('HGET', POINTERS, member) or '') ~= expected then return {'moved'} end

local sums, columns = 0, {}  -- columns: sum participant -> new fields of its hash of seeds
for _, participant in ipairs(redis.call('HKEYS', SUMS)) do
  sums = sums + 1
  columns[participant] = {}
end

local free, accepted, group, new_receipts = room('update'), 0, {}, {}

local function seen_in_group(participant, receipt)
  local earlier = group[participant]
  if earlier then return earlier == receipt and 'repeated' or 'duplicate' end
end

local function judge_seeds(first, number)
  for at = first, first + 2 * number - 2, 2 do
    if not columns[ARGV[at]] then return 'unknown-sum-participant' end
  end
  if number ~= sums then return 'incomplete-seeds' end
end

local function accept(participant, receipt, first, number)
  group[participant] = receipt
  accepted = accepted + 1
  new_receipts[#new_receipts + 1] = participant
  new_receipts[#new_receipts + 1] = receipt
  for at = first, first + 2 * number - 2, 2 do
    local column = columns[ARGV[at]]
    column[#column + 1] = participant
    column[#column + 1] = ARGV[at + 1]
  end
end

local at = 5
while at <= #ARGV do
  local participant, receipt, number = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2])
  local fault = seen_in_group(participant, receipt)
    or seen('update', participant, receipt)
    or judge_seeds(at + 3, number)
    or (accepted >= free and 'full')
  if fault then return {fault, accepted} end
  accept(participant, receipt, at + 3, number)
  at = at + 3 + 2 * number
end

-- In slices: Lua passes only some thousands of values in one call.
local function write(hash, fields)
  for first = 1, #fields, 1000 do
    redis.call('HSET', hash, unpack(fields, first, math.min(first + 999, #fields)))
  end
end

redis.call('HSET', POINTERS, member, pointer)
write(receipts('update'), new_receipts)
for participant, column in pairs(columns) do write(seeds(participant), column) end

return {'accepted', redis.call('HLEN', receipts('sum')), redis.call('HLEN', receipts('update')),
  redis.call('HLEN', receipts('sum2'))}
