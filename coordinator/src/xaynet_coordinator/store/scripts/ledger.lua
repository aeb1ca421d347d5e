-- Stands in front of every script of the Redis ledger (redis.py draws the keys).
-- KEYS[1] is the prefix "{uid}:", whose hash tag keeps all keys of a ledger in one slot.
-- A verb judges everything before it writes anything: a script that fails half-way is not undone.

local function key(name) return KEYS[1] .. name end

local HEAD, SUMS, POINTERS, VOTES = key('head'), key('sums'), key('pointers'), key('votes')
local COLLECTIONS, CHUNK_BYTES = key('collections'), key('chunk-bytes')

local function receipts(tag) return key('receipts:' .. tag) end
local function seeds(participant) return key('seeds:' .. participant) end
local function chunks(collection) return key('chunks:' .. collection) end

-- 'stale' or 'paused' where it is the wrong time for any message of this epoch
local function closed(epoch)
  local head = redis.call('HMGET', HEAD, 'epoch', 'paused')
  if (head[1] or '0') ~= epoch then return 'stale' end
  if head[2] == '1' then return 'paused' end
end

-- Does a leader of this term, in this epoch, lead?
local function leads(term, epoch)
  local head = redis.call('HMGET', HEAD, 'term', 'epoch')
  return (head[1] or '0') == term and (head[2] or '0') == epoch
end

-- 'repeated' or 'duplicate' where a message of the participant was accepted before
local function seen(tag, participant, receipt)
  local earlier = redis.call('HGET', receipts(tag), participant)
  if earlier then return earlier == receipt and 'repeated' or 'duplicate' end
end

-- How many more messages of this tag fit
local function room(tag)
  local cap = redis.call('HGET', HEAD, 'cap:' .. tag)
  return tonumber(cap or '0') - redis.call('HLEN', receipts(tag))
end

local function is_sum_participant(participant)
  return redis.call('HEXISTS', SUMS, participant) == 1
end

local function set_caps(sum, update, sum2)
  redis.call('HSET', HEAD, 'cap:sum', sum, 'cap:update', update, 'cap:sum2', sum2)
end

local function erase_chunks()
  for _, collection in ipairs(redis.call('SMEMBERS', COLLECTIONS)) do
    redis.call('UNLINK', chunks(collection))
  end
  redis.call('UNLINK', COLLECTIONS, CHUNK_BYTES)
end

local function erase_round()
  for _, participant in ipairs(redis.call('HKEYS', SUMS)) do
    redis.call('UNLINK', seeds(participant))
  end
  redis.call('UNLINK', SUMS, POINTERS, VOTES)
  redis.call('UNLINK', receipts('sum'), receipts('update'), receipts('sum2'))
end
