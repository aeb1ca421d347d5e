local epoch, participant, digest, receipt = unpack(ARGV)
local refusal = closed(epoch) or seen('sum2', participant, receipt)
if refusal then return refusal end
if not is_sum_participant(participant) then return 'unknown-sum-participant' end
if room('sum2') <= 0 then return 'full' end
redis.call('HINCRBY', VOTES, digest, 1)
redis.call('HSET', receipts('sum2'), participant, receipt)
return 'accepted'
