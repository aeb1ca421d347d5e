"""A FederatedRound that is edited while a round is in flight: the round is finished as it was
begun, and each field takes effect at its own moment, which status and events tell."""

import pytest

from node.waiting import ClusterFailed, wait_until
from one_round import MODELS, Round
from served import Served
from xaynet_operator.owned import Component
from xaynet_pet import Model

pytestmark = pytest.mark.cluster

SHORTER = [(weights[:40], scalar) for weights, scalar in MODELS]
UPDATE = "spec.pet.update"


@pytest.fixture
def service(operator, namespace):
    with Served(operator, namespace, "edited") as service:
        service.wait_for_condition("Ready", seconds=120)
        yield service


def in_update(service: Served) -> tuple[Round, list[bytes]]:
    """Round 1 after two of its three updates; and the third."""
    round = Round(service)
    round.to_update()
    bodies = round.update_bodies()
    round.post(bodies[:2])
    return round, bodies[2:]


def parameters(body: dict) -> dict[str, tuple[str, int]]:
    """Of each field the value in force, and the generation that it is from."""
    told = body["status"]["parameters"]
    return {one["field"]: (one["active"], one["activeGeneration"]) for one in told}


def pending(body: dict) -> dict[str, tuple[str, int, str]]:
    """Of each field that is to change: to what, since which generation, and when."""
    told = [one for one in body["status"]["parameters"] if "pending" in one]
    return {
        one["field"]: (one["pending"], one["pendingGeneration"], one["takesEffect"]) for one in told
    }


def events(service: Served, reason: str) -> list[str]:
    """What was told for a reason, the oldest first."""
    return [one["message"] for one in service.events() if one["reason"] == reason]


def test_counts_and_times_take_effect_at_once(operator, namespace, service):
    round, third = in_update(service)
    edited = {"count": {"min": 5, "max": 5}, "time": {"max": 100}}
    generation = service.edit({"pet": {"update": edited}})
    operator.wait_for("federatedround/edited", "condition=ParametersApplied", namespace)

    body = service.body()
    told = parameters(body)
    assert told[f"{UPDATE}.count.min"] == told[f"{UPDATE}.count.max"] == ("5", generation)
    assert told[f"{UPDATE}.time.max"] == ("100", generation)
    assert told["spec.pet.sum.prob"] == ("0.4", 1)
    assert pending(body) == {}
    values = "pet.update.count.min is 5, pet.update.count.max is 5, pet.update.time.max is 100"
    assert events(service, "ParametersActive") == [f"{values} from round 1 on."]

    round.post(third)
    state = service.state()
    assert state["phase"] == "Update", "three updates are not enough any more"
    assert 15 <= state["round"]["timeLeft"] < 100

    # Less than have come already: the phase takes no more, and drops nothing.
    service.edit({"pet": {"update": {"count": {"min": 3, "max": 3}}}})
    round.wait_for_seeds()
    round.post(round.mask_bodies())
    round.ends_with_the_exact_mean()


def test_a_time_that_has_passed_already_leaves_some_to_those_who_come(service):
    round, third = in_update(service)
    wait_until(lambda: service.state()["round"]["elapsed"] > 1, 30, "a second of Update")
    generation = service.edit({"pet": {"update": {"time": {"max": 1}}}})
    state = service.wait_for(lambda state: state["generation"] == generation)
    assert 10 < state["round"]["timeLeft"] <= 15
    round.go_on_with(third)


def test_what_participants_are_told_changes_with_the_next_round(operator, namespace, service):
    round, third = in_update(service)
    before = service.get("/params")
    edited = {
        "sum": {"prob": 0.5, "count": {"max": 3}},
        "mask": {"boundType": "B2"},
        "model": {"length": 40},
    }
    generation = service.edit({"pet": edited})
    service.wait_for_condition("ParametersApplied", "False", "NextRound")
    body = service.body()
    assert pending(body) == {
        "spec.pet.sum.prob": ("0.5", generation, "NextRound"),
        "spec.pet.sum.count.max": ("3", generation, "NextRound"),  # its phase is over
        "spec.pet.mask.boundType": ('"B2"', generation, "NextRound"),
        "spec.pet.model.length": ("40", generation, "NextRound"),
    }
    assert parameters(body)["spec.pet.model.length"] == ("50", 1)
    (text,) = events(service, "ParametersPending")
    assert text.startswith("With the next round")
    for told in ("sum.prob is 0.5", 'mask.boundType is "B2"', "model.length is 40"):
        assert f"pet.{told}" in text
    assert service.get("/params") == before

    name = finish(round, third)
    assert Model.from_bytes(service.kept_model(name)).fractions() == round.mean()

    operator.wait_for("federatedround/edited", "condition=ParametersApplied", namespace)
    body = service.body()
    assert pending(body) == {}
    assert parameters(body)["spec.pet.model.length"] == ("40", generation)
    assert any(text.endswith("from round 2 on.") for text in events(service, "ParametersActive"))
    assert service.model() is None, "a new length begins without a model"
    second = Round(service, 2, SHORTER)
    assert (second.params.sum, second.params.model_length) == (0.5, 40)
    assert second.params.mask_config.vect.bound_type.name == "B2"
    second.to_sum2()
    second.post(second.mask_bodies())
    second.ends_with_the_exact_mean()


def finish(round: Round, updates: list[bytes]) -> str:
    """Send what a round lacks; the name of its model."""
    round.post(updates)
    round.wait_for_seeds()
    round.post(round.mask_bodies())
    return round.succeeds()


def test_of_ten_edits_in_quick_succession_the_last_one_counts(operator, namespace, service):
    round, third = in_update(service)
    for number in range(1, 11):
        edited = {
            "sum": {"prob": number / 20},
            "update": {"count": {"max": 10 + number}, "time": {"max": 600 + number}},
        }
        generation = service.edit({"pet": edited})

    body = service.wait_until(lambda body: parameters(body)[f"{UPDATE}.count.max"][0] == "20")
    assert parameters(body)[f"{UPDATE}.time.max"] == ("610", generation)
    assert pending(body) == {"spec.pet.sum.prob": ("0.5", generation, "NextRound")}
    assert body["status"]["observedGeneration"] == generation == 11
    finish(round, third)
    operator.wait_for("federatedround/edited", "condition=ParametersApplied", namespace)
    assert service.params().sum == 0.5
    assert service.body()["status"]["totals"] == {"successful": 1, "failed": 0}


def test_an_edit_that_is_refused_changes_nothing(service):
    round, third = in_update(service)
    before = service.body()
    refused = {
        "spec.pet.update.count.min": {"pet": {"update": {"count": {"min": 2}}}},
        "spec.pet.update.count": {"pet": {"update": {"count": {"min": 9}}}},
        "spec.pet.sum.prob": {"pet": {"sum": {"prob": 1.5}}},
        "spec.pet.mask.boundType": {"pet": {"mask": {"boundType": "B9"}}},
        "spec.protocol": {"protocol": "FedAvg"},
    }
    for field, edit in refused.items():
        with pytest.raises(ClusterFailed, match=field):
            service.edit(edit)
    after = service.body()
    assert after["spec"] == before["spec"]
    assert after["metadata"]["generation"] == 1
    assert service.state()["generation"] == 1
    round.go_on_with(third)


@pytest.mark.parametrize(
    "edit",
    [
        {"logFilter": "xaynet=debug"},
        {"resources": {"limits": {"memory": "400Mi"}}},
    ],
    ids=["logFilter", "resources"],
)
def test_what_needs_a_new_pod_gets_one_in_the_middle_of_the_round(service, edit):
    round, third = in_update(service)
    (old,) = service.pods(Component.COORDINATOR)
    params = service.get("/params")
    service.edit({"coordinator": edit})

    def is_rolled(body: dict) -> bool:
        progress = service.condition("Progressing", body)
        return progress["observedGeneration"] == 2 and progress["reason"] == "AsDesired"

    service.wait_until(is_rolled, 120)
    (new,) = service.pods(Component.COORDINATOR)
    assert new["metadata"]["uid"] != old["metadata"]["uid"]
    state = service.state()
    assert (state["phase"], state["round"]["messages"]["update"]["accepted"]) == ("Update", 2)
    assert service.get("/params") == params
    round.go_on_with(third)
    assert service.status()["totals"]["failed"] == 0
