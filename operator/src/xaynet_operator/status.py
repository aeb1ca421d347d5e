"""The status of a FederatedRound: what is known of its rounds, and the conditions.

Pure, and the same for the same world: the caller writes it only if it is another one than before.
What the coordinator told before is kept while it does not answer, and what it has forgotten, too.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

from xaynet_operator.conditions import conditions_of
from xaynet_operator.coordinator_state import CoordinatorState, PastRound
from xaynet_operator.documents import at, listed
from xaynet_operator.facts import Found, ObjectKey, Stage
from xaynet_operator.manifests.connections import object_store, retains_models
from xaynet_operator.manifests.network import PUBLIC_PORT
from xaynet_operator.manifests.objects import name_of
from xaynet_operator.owned import Component
from xaynet_operator.parameter_status import parameters_of
from xaynet_operator.resource import (
    HISTORY_LENGTH,
    CurrentRound,
    FederatedRound,
    FederatedRoundStatus,
    FinishedRound,
    LatestModel,
    MessageCounts,
    PhaseCounts,
    Totals,
)
from xaynet_operator.resource.status import PHASES, Summary

NOTHING_YET = FederatedRoundStatus()


def status_of(cr: FederatedRound, found: Found, now: datetime) -> FederatedRoundStatus:
    """The whole status, from the one before and what was found."""
    before = cr.status or NOTHING_YET
    told = before if before.holds("Terminated") else told_by(cr, found, before)
    status = told.model_copy(update={"conditions": conditions_of(cr, found, told, now)})
    if status.holds("Terminated"):
        status = closed(cr, status, now)
    return status.model_copy(
        update={
            "observed_generation": cr.metadata.generation,
            "state": summary(cr, found, status),
            "endpoint": endpoint_of(cr, found),
        }
    )


def status_document(status: FederatedRoundStatus) -> dict[str, Any]:
    """The status as it is sent to the API server."""
    return status.model_dump(mode="json", by_alias=True, exclude_none=True)


def told_by(cr: FederatedRound, found: Found, before: FederatedRoundStatus) -> FederatedRoundStatus:
    """The status with everything that the coordinator has told last."""
    state = found.state
    if state is None or (state.generation is None and before.parameters):
        return before  # nobody answers, or somebody who has not read the stores yet
    successful, failed = state.rounds.successful, state.rounds.failed
    return before.model_copy(
        update={
            "round": current_round(state, before),
            "history": history_of(state, before),
            "totals": Totals(successful=successful, failed=failed),
            "latest_model": latest_model(cr, state) or before.latest_model,
            "parameters": parameters_of(cr, state) or before.parameters,
        }
    )


def closed(cr: FederatedRound, told: FederatedRoundStatus, now: datetime) -> FederatedRoundStatus:
    """The status once the end is recorded: a round in flight has ended with the service."""
    changes: dict[str, Any] = {"round": None}
    if told.round is not None:
        counts = {name: getattr(told.round, name) for name in PhaseCounts.model_fields}
        cut = FinishedRound(
            id=told.round.id,
            outcome="Terminated",
            finished_at=now.replace(microsecond=0),
            **counts,
        )
        others = (one for one in told.history if one.id != cut.id)
        changes["history"] = (cut, *others)[:HISTORY_LENGTH]
    if not retains_models(cr):
        changes["latest_model"] = None
    return told.model_copy(update=changes)


# Rounds


def current_round(state: CoordinatorState, before: FederatedRoundStatus) -> CurrentRound | None:
    """The round in flight. Once the coordinator has ended for good, the round that it cut."""
    if state.round is None or state.phase not in PHASES:
        return before.round if state.phase == "Terminated" else None
    left = state.round.time_left
    return CurrentRound.model_validate(
        {
            "id": state.round.id,
            "phase": state.phase,
            "seconds_left": None if left is None else int(left),
            "waiting_for": state.waiting_for,
            **state.round.messages.model_dump(),
        }
    )


def history_of(state: CoordinatorState, before: FederatedRoundStatus) -> tuple[FinishedRound, ...]:
    """The last rounds, the newest first: those that the coordinator remembers, and older ones
    that it has forgotten."""
    known = {one.id: one for one in before.history}
    known |= {past.id: finished(past, before) for past in state.last_rounds}
    newest_first = sorted(known.values(), key=lambda one: (one.finished_at, one.id), reverse=True)
    return tuple(newest_first[:HISTORY_LENGTH])


def finished(past: PastRound, before: FederatedRoundStatus) -> FinishedRound:
    """A round that is over. Only while it ran did the coordinator count the messages in vain."""
    ended = (past.started + timedelta(seconds=past.seconds)).astimezone(UTC).replace(microsecond=0)
    known = {(one.id, one.finished_at): one for one in before.history}
    running = before.round if before.round and before.round.id == past.id else None
    seen = known.get((past.id, ended)) or running or PhaseCounts()
    return FinishedRound(
        id=past.id,
        outcome="Succeeded" if past.reason is None else "Failed",
        reason=past.reason or "",
        finished_at=ended,
        duration_seconds=round(past.seconds),
        sum=_counted(seen.sum, past.sum),
        update=_counted(seen.update, past.update),
        sum2=_counted(seen.sum2, past.sum2),
    )


def _counted(seen: MessageCounts, accepted: int) -> MessageCounts:
    return seen.model_copy(update={"accepted": accepted})


def latest_model(cr: FederatedRound, state: CoordinatorState) -> LatestModel | None:
    """The newest global model, and where it is."""
    model = state.latest_model
    if model is None:
        return None
    uri = f"s3://{object_store(cr).models_bucket}/{model.id}"
    return LatestModel(id=model.id, time=model.time.astimezone(UTC), uri=uri)


# Where it is, and how it is


def endpoint_of(cr: FederatedRound, found: Found) -> str | None:
    """Where participants reach the service, as far from inside the cluster as it can be."""
    if found.stage in (Stage.ERASING, Stage.ENDED):
        return None
    ingress, gateway = cr.spec.exposure.ingress, cr.spec.exposure.gateway
    if ingress is not None:
        return f"{'https' if ingress.tls_secret_name else 'http'}://{ingress.host}"
    hosts = [host for host in gateway.hostnames if "*" not in host] if gateway else []
    if gateway is not None and hosts:
        # Whether a listener speaks TLS is known to the Gateway alone; by custom its name says so.
        secure = "https" in (gateway.parent_ref.section_name or "")
        return f"{'https' if secure else 'http'}://{hosts[0]}"
    return _service_url(cr, found)


def _service_url(cr: FederatedRound, found: Found) -> str:
    name = name_of(cr, Component.COORDINATOR)
    service = found.objects.get(ObjectKey("Service", name))
    for address in listed(service, "status", "loadBalancer", "ingress"):
        host = address.get("ip") or address.get("hostname")
        if host and at(service, "spec", "type") == "LoadBalancer":
            return f"http://{f'[{host}]' if ':' in host else host}:{PUBLIC_PORT}"
    namespace = cr.metadata.namespace
    return f"http://{name}{f'.{namespace}' if namespace else ''}:{PUBLIC_PORT}"


def summary(cr: FederatedRound, found: Found, status: FederatedRoundStatus) -> Summary:
    """The conditions in one word, for people."""
    if status.holds("Terminated"):
        return "Terminated"
    if found.stage is Stage.ERASING:
        return "Terminating"
    for kind in ("Degraded", "Paused", "Completed"):
        if status.holds(kind) and not (kind == "Paused" and cr.spec.desired_state == "Running"):
            return cast(Summary, kind)
    if cr.spec.desired_state == "Paused":
        return "Pausing"
    return "Running" if status.holds("Ready") else "Starting"
