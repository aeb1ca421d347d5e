local epoch, participant, ephemeral, receipt = unpack(ARGV)
local refusal = closed(epoch) or seen('sum', participant, receipt)
if refusal then return refusal end
if room('sum') <= 0 then return 'full' end
redis.call('HSET', SUMS, participant, ephemeral)
redis.call('HSET', receipts('sum'), participant, receipt)
return 'accepted'
