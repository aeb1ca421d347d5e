"""What is wanted of a service, as documents, and changes of it."""

import pytest

from embedded import MANIFEST, manifest
from service import MODELS, service, settings_in
from xaynet_cli.desired import assigned, desired_in, desired_of, differences
from xaynet_cli.failures import CommandFailed
from xaynet_coordinator.desired import Wanted
from xaynet_coordinator.record import Phase
from xaynet_operator.resource import FederatedRound

WANTED = desired_of(FederatedRound.parse(MANIFEST))


def told(before, after):
    return [str(one) for one in differences(before, after)]


def test_what_a_manifest_asks_for_is_a_document_that_the_coordinator_takes():
    wanted = Wanted.parse({"generation": 1, **WANTED})
    assert isinstance(wanted, Wanted)
    assert wanted.parameters == FederatedRound.parse(MANIFEST).spec.pet
    assert (wanted.rounds, wanted.desired_state.value) == (1, "Running")


def test_the_state_and_the_rounds_come_from_the_manifest_too():
    other = desired_of(FederatedRound.parse(manifest(desiredState="Paused", rounds=None)))
    assert (other["desiredState"], other["rounds"]) == ("Paused", None)


async def test_what_is_wanted_is_read_back_from_the_observed_state_pending_or_not(tmp_path):
    async with service(settings_in(tmp_path)) as at:
        await at.sum_phase()
        await at.update_phase(MODELS)
        await at.reach(Phase.SUM2)
        wanted = assigned(WANTED, ["sum.prob=0.25", "update.count.min=4", "rounds=7"])
        await at.front.put_desired({"generation": 3, **wanted})
        state = await at.front.state(None, 0)
        assert state["parameters"]["sum.prob"]["active"] != 0.25
        assert desired_in(state) == wanted


def test_nothing_is_wanted_while_the_parameters_are_waited_for():
    assert desired_in({"parameters": {}}) == {}
    with pytest.raises(CommandFailed, match="waits for its parameters"):
        assigned({}, ["rounds=3"])


def test_fields_are_called_as_in_the_resource_with_or_without_what_is_before():
    for path in ("update.count.min", "pet.update.count.min", "spec.pet.update.count.min"):
        assert told(WANTED, assigned(WANTED, [f"{path}=5"])) == ["update.count.min 3 → 5"]
    assert told(WANTED, assigned(WANTED, ["spec.rounds=5"])) == ["rounds 1 → 5"]


def test_several_fields_are_set_at_once_and_the_document_before_stays_as_it_was():
    changed = assigned(WANTED, ["rounds=", "mask.boundType=B2", "sum.prob=0.5"])
    assert told(WANTED, changed) == [
        "rounds 1 → none",
        "mask.boundType B0 → B2",
        "sum.prob 0.4 → 0.5",
    ]
    assert desired_of(FederatedRound.parse(MANIFEST)) == WANTED


@pytest.mark.parametrize(
    ("assignment", "sentence"),
    [
        ("rounds", "rounds has no value: write field=value, such as update.count.min=5"),
        ("sum=3", "sum is not a field that can be set; such are: sum.prob, sum.count.min, "),
        ("update.count=3", "such are: update.count.min, update.count.max$"),
        ("update.cuont.min=3", "update.cuont.min is not a field that can be set; such are: des"),
        ("parameters=3", "parameters is not a field that can be set"),
        ("rounds.min=3", "rounds.min is not a field that can be set"),
        ("=3", " is not a field that can be set"),
    ],
)
def test_what_is_no_field_is_named_with_those_that_are(assignment, sentence):
    with pytest.raises(CommandFailed, match=sentence):
        assigned(WANTED, [assignment])
