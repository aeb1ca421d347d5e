"""Rounds that take more than the least: who was counted, the seed dictionary tells.

More update participants come than are wanted, while time.min still runs. The test is the sum
participant itself, and so learns whose updates the coordinator has added up.
"""

import time

import httpx
import pytest

from federation import Participant, drawn, read_seeds
from one_round import encoded
from pairings import CRATE, CRATE_CHUNKED, OURS, WHEEL, WHEEL_ASYNC, Member, Troupe, settings
from xaynet_pet import Message, RoundParameters, SigningKeyPair, Tag

pytestmark = pytest.mark.peers

SETTINGS = settings(length=20, update_count=(3, 4), update_time=(2, 600))
FIVE = (WHEEL, WHEEL_ASYNC, CRATE, CRATE_CHUNKED, OURS)


@pytest.fixture(params=["at_ours", "at_published"])
def troupe(request) -> Troupe:
    return request.getfixturevalue(request.param)(SETTINGS)


def post(troupe: Troupe, who: Participant, message: Message) -> int:
    return httpx.post(f"{troupe.at.url}/message", content=who.sealed(message)).status_code


def seeds_for(troupe: Troupe, summer: Participant) -> dict[bytes, bytes]:
    """The seed dictionary's part, once it is published: that is when the update phase is over."""
    deadline = time.monotonic() + 60
    while True:
        answer = httpx.get(f"{troupe.at.url}/seeds", params={"pk": encoded(summer)})
        if answer.status_code == 200:
            return read_seeds(answer.content)
        assert time.monotonic() < deadline
        time.sleep(0.05)


def public(member: Member) -> bytes:
    assert member.seed is not None
    return SigningKeyPair.from_seed(member.seed).public


def test_the_model_is_the_mean_of_those_in_the_seed_dictionary(troupe):
    params = RoundParameters.from_bytes(troupe.parameters())
    [summer] = drawn(params, Tag.SUM, 1)
    candidates = troupe.updaters(FIVE, (1.0, 0.5, 0.3, 0.7, 0.2))
    assert post(troupe, summer, summer.sum(params)) == 200
    seeds = seeds_for(troupe, summer)
    counted = [each for each in candidates if public(each) in seeds]
    assert len(counted) == len(seeds)
    assert 3 <= len(counted) <= 4
    # Again and again: the published coordinator shows the seeds a moment before it takes masks.
    while post(troupe, summer, summer.sum2(params, seeds)) != 200 or not ended(troupe, params):
        time.sleep(0.05)
    troupe.agrees_with(counted)


def ended(troupe: Troupe, params: RoundParameters) -> bool:
    status, body = troupe.get("/params")
    return status == 200 and body != params.to_bytes()
