"""The status beside its conditions: rounds, models, parameters, endpoint, and the word for all."""

from dataclasses import replace
from typing import Any

import pytest

from found_on_kubernetes import (
    COORDINATOR,
    ERASE,
    LATER,
    NOW,
    after,
    by_key,
    erased,
    owned,
    past,
    pod,
    resource,
    running,
    serving,
    silent,
    unreached,
    waiting,
    workload,
)
from xaynet_operator.facts import Found, Stage
from xaynet_operator.resource import HISTORY_LENGTH, FederatedRound, FederatedRoundStatus
from xaynet_operator.status import status_document, status_of

CR = resource()


def test_the_round_in_flight_is_shown_as_the_coordinator_tells_it() -> None:
    round = after(CR, serving(CR)).round
    assert round is not None
    assert (round.id, round.phase, round.seconds_left) == (3, "Update", 11)
    assert round.waiting_for == "Update 7/10, 12 s left, min 3"
    assert (round.sum.accepted, round.sum.rejected, round.sum.discarded) == (2, 1, 1)
    assert round.update.accepted == 7


@pytest.mark.parametrize("phase", ["Idle", "Completed", "Failure"])
def test_between_rounds_there_is_no_round(phase: str) -> None:
    assert after(CR, serving(CR, phase=phase, round=None)).round is None


def test_past_rounds_come_newest_first_with_counts_duration_and_reason() -> None:
    two, one = after(CR, serving(CR)).history
    assert (two.id, two.outcome, two.reason, two.duration_seconds) == (2, "Succeeded", "", 31)
    assert (one.id, one.outcome, one.reason) == (1, "Failed", "PhaseTimeout: Update 2, min 3")
    assert (two.sum.accepted, two.update.accepted, two.sum2.accepted) == (2, 9, 2)
    assert two.finished_at.isoformat() == "2026-11-23T19:02:41+00:00"


def test_a_round_that_ends_keeps_the_messages_that_were_counted_in_vain() -> None:
    cr = resource(after(CR, serving(CR)))
    ended = after(cr, serving(CR, round=None, phase="Idle", lastRounds=[past(2), past(3)]))
    assert ended.history[0].id == 3
    assert (ended.history[0].sum.rejected, ended.history[0].sum.discarded) == (1, 1)
    again = after(resource(ended), serving(CR, round=None, phase="Idle", lastRounds=[past(3)]))
    assert again.history[0] == ended.history[0]


def test_the_history_keeps_what_the_coordinator_has_forgotten_and_ten_rounds_at_most() -> None:
    first = after(CR, serving(CR, lastRounds=[past(n) for n in range(1, 9)]))
    then = after(resource(first), serving(CR, lastRounds=[past(n) for n in range(7, 14)]))
    assert [one.id for one in then.history] == list(range(13, 3, -1))
    assert len(then.history) == HISTORY_LENGTH


def test_totals_and_the_newest_model_are_shown() -> None:
    status = after(CR, serving(CR))
    assert (status.totals.successful, status.totals.failed) == (1, 1)
    assert status.latest_model is not None
    assert status.latest_model.uri == "s3://global-models/2_7b0c"
    external = resource(
        models={"external": {"bucket": "digits", "credentialsSecretRef": {"name": "s3"}}}
    )
    model = after(external, serving(external)).latest_model
    assert model is not None
    assert model.uri == "s3://digits/2_7b0c"


def test_what_was_told_is_kept_while_nobody_answers() -> None:
    was = after(CR, serving(CR))
    for found in (unreached(), unreached(*running()), silent(serving(CR))):
        kept = after(resource(was), found)
        fields = ("round", "history", "totals", "latest_model", "parameters")
        assert all(getattr(kept, name) == getattr(was, name) for name in fields)
        assert kept.conditions[0].status == "False"


def test_the_status_says_which_generation_was_acted_on() -> None:
    assert after(resource(generation=9), serving(CR)).observed_generation == 9


# Parameters


def parameters(cr: FederatedRound, **changes: Any) -> dict[str, tuple[Any, ...]]:
    status = after(cr, serving(CR, **changes))
    return {
        one.field: (one.active, one.active_generation, one.pending, one.takes_effect)
        for one in status.parameters
    }


def test_every_parameter_is_shown_as_json() -> None:
    shown = parameters(CR)
    assert len(shown) == 19
    assert shown["spec.pet.update.prob"] == ("0.1", 3, None, None)
    assert shown["spec.pet.mask.modelType"] == ('"M3"', 3, None, None)
    assert shown["spec.pet.sum.count.max"] == ("5", 3, None, None)


def test_what_the_coordinator_holds_back_takes_effect_with_the_next_round() -> None:
    held_back = {"active": 0.1, "generation": 2, "pending": 0.2, "pendingGeneration": 3}
    shown = after(CR, serving(CR, parameters={"update.prob": held_back})).parameters
    assert [(one.pending, one.pending_generation, one.takes_effect) for one in shown] == [
        ("0.2", 3, "NextRound")
    ]


@pytest.mark.parametrize(
    ("field", "value", "name", "moment"),
    [
        ("pet__update__prob", 0.5, "update.prob", "NextRound"),
        ("pet__model__length", 5, "model.length", "NextRound"),
        ("pet__mask__boundType", "B2", "mask.boundType", "NextRound"),
        ("pet__sum__count__max", 9, "sum.count.max", "NextRound"),
        ("pet__update__count__max", 9, "update.count.max", "AtOnce"),
        ("pet__sum2__time__max", 9, "sum2.time.max", "AtOnce"),
    ],
)
def test_an_edit_that_the_coordinator_has_not_been_told_is_coming(
    field: str, value: Any, name: str, moment: str
) -> None:
    shown = parameters(resource(generation=4, **{field: value}))
    pending = {field: one for field, one in shown.items() if one[2] is not None}
    text = f'"{value}"' if isinstance(value, str) else str(value)
    assert {name: one[2:] for name, one in pending.items()} == {f"spec.pet.{name}": (text, moment)}


def test_between_rounds_an_edit_takes_effect_at_once() -> None:
    shown = parameters(resource(generation=4, pet__update__prob=0.5), round=None, phase="Idle")
    assert shown["spec.pet.update.prob"][2:] == ("0.5", "AtOnce")


# Endpoint

ADDRESSES = {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}
NAMED = {"loadBalancer": {"ingress": [{"hostname": "lb.example.org"}]}}
SIX = {"loadBalancer": {"ingress": [{"ip": "2001:db8::7"}]}}
INSIDE = "http://digits-coordinator.learning:8081"


@pytest.mark.parametrize(
    ("exposure", "service", "endpoint"),
    [
        ({}, {}, INSIDE),
        ({"service": {"type": "NodePort"}}, {}, INSIDE),
        ({"service": {"type": "LoadBalancer"}}, {"loadBalancer": {}}, INSIDE),
        ({"service": {"type": "LoadBalancer"}}, ADDRESSES, "http://192.0.2.7:8081"),
        ({"service": {"type": "LoadBalancer"}}, NAMED, "http://lb.example.org:8081"),
        ({"service": {"type": "LoadBalancer"}}, SIX, "http://[2001:db8::7]:8081"),
        ({"ingress": {"host": "fl.example.org"}}, ADDRESSES, "http://fl.example.org"),
        ({"ingress": {"host": "fl.example.org", "tlsSecretName": "fl-tls"}}, {},
         "https://fl.example.org"),
        ({"gateway": {"parentRef": {"name": "a"}, "hostnames": ["fl.example.org"]}}, {},
         "http://fl.example.org"),
        ({"gateway": {"parentRef": {"name": "a", "sectionName": "https"},
                      "hostnames": ["*.example.org", "fl.example.org"]}}, {},
         "https://fl.example.org"),
        ({"gateway": {"parentRef": {"name": "a"}}}, {}, INSIDE),
    ],
)  # fmt: skip
def test_the_endpoint_is_where_participants_reach_the_service(
    exposure: Any, service: Any, endpoint: str
) -> None:
    cr = resource(exposure=exposure)
    kind = cr.spec.exposure.service.type
    found = serving(cr, owned("Service", COORDINATOR, service, spec={"type": kind}))
    assert after(cr, found).endpoint == endpoint


# The end

ENDING = resource(desiredState="Terminated", generation=4)


def ended(status: FederatedRoundStatus | None, **spec: Any) -> FederatedRoundStatus:
    cr = resource(status, desiredState="Terminated", generation=4, **spec)
    found = Found(Stage.ERASING, by_key([erased("Complete")]), serving(CR).state, "gone")
    return status_of(cr, found, LATER)


def test_a_round_in_flight_ends_with_the_service() -> None:
    status = ended(after(CR, serving(CR)))
    assert status.round is None
    cut, *older = status.history
    assert (cut.id, cut.outcome, cut.finished_at, cut.duration_seconds) == (
        3, "Terminated", LATER, None)  # fmt: skip
    assert cut.update.accepted == 7
    assert [one.id for one in older] == [2, 1]
    assert status.endpoint is None


def test_nothing_of_an_ended_service_changes_any_more() -> None:
    status = ended(after(CR, serving(CR)))
    cr = resource(status, desiredState="Terminated", generation=4)
    for found in (
        Found(Stage.ENDED, {}),
        Found(Stage.ERASING, by_key([erased("Complete")]), serving(CR).state, "gone"),
    ):
        assert status_of(cr, found, NOW) == status


def test_the_round_that_the_coordinator_cut_itself_is_not_forgotten() -> None:
    cr = resource(after(CR, serving(CR)), desiredState="Terminated", generation=4)
    found = serving(cr, phase="Terminated", round=None)
    cut = status_of(cr, replace(found, stage=Stage.ERASING), NOW)
    assert cut.round is not None
    assert cut.round.id == 3


@pytest.mark.parametrize(("policy", "stays"), [("Retain", True), ("Delete", False)])
def test_models_are_named_as_long_as_they_are_there(policy: str, stays: bool) -> None:
    status = ended(after(CR, serving(CR)), models={"deletionPolicy": policy})
    assert (status.latest_model is not None) == stays


# One word, and the document


def status_word(cr: FederatedRound, found: Found) -> str | None:
    return status_of(cr, found, NOW).state


def test_one_word_sums_the_conditions_up() -> None:
    pausing = resource(desiredState="Paused")
    done = resource(rounds=1)
    broken = unreached(workload(COORDINATOR, ready=False), pod(COORDINATOR, waiting("StartError")))
    assert status_word(CR, Found(Stage.SERVING, {})) == "Starting"
    assert status_word(CR, serving(CR)) == "Running"
    assert status_word(CR, serving(CR, paused=True)) == "Running"
    assert status_word(CR, broken) == "Degraded"
    assert status_word(pausing, serving(pausing)) == "Pausing"
    assert status_word(pausing, serving(pausing, paused=True)) == "Paused"
    assert status_word(done, serving(done, phase="Completed", round=None)) == "Completed"
    assert status_word(ENDING, Found(Stage.ERASING, by_key([owned("Job", ERASE)]))) == "Terminating"
    assert ended(None).state == "Terminated"


def test_the_document_is_what_the_api_server_hands_out_again() -> None:
    status = after(CR, serving(CR))
    document = status_document(status)
    assert document["observedGeneration"] == 3
    assert document["round"]["secondsLeft"] == 11
    assert document["history"][0]["finishedAt"] == "2026-11-23T19:02:41Z"
    assert "pending" not in document["parameters"][0]
    assert resource(status).status == status
