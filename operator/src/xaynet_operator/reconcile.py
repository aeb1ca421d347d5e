"""The whole story of one visit to a resource:

    facts → desired → apply and prune → command the coordinator → status → patch if it has changed

Nothing here depends on why the visit is made, and all of it may be done again.
"""

from contextlib import suppress

from xaynet_operator.applying import apply_all, prune
from xaynet_operator.coordinator_client import (
    ControlAddress,
    CoordinatorClient,
    CoordinatorUnreachable,
    wanted_document,
)
from xaynet_operator.desired import desired
from xaynet_operator.erasing import keep_finalizer
from xaynet_operator.facts import Facts, Found, ObjectKey, Problem, Stage, key_of
from xaynet_operator.lifecycle import stage_of
from xaynet_operator.manifests.kinds import (
    DEPLOYMENT,
    HTTP_ROUTE,
    SERVICE,
    SERVICE_MONITOR,
    Kind,
)
from xaynet_operator.manifests.network import CONTROL_PORT
from xaynet_operator.manifests.objects import name_of, namespace_of
from xaynet_operator.memory import Memory
from xaynet_operator.owned import Component
from xaynet_operator.resource import FederatedRound
from xaynet_operator.secrets_kept import SecretKeeper
from xaynet_operator.status import status_of
from xaynet_operator.surroundings import Objects, Surroundings
from xaynet_operator.telling import status_before, tell

NOT_YET = "it has not answered yet"


async def reconcile(cr: FederatedRound, around: Surroundings, memory: Memory) -> None:
    """Bring the cluster and the coordinator to what the resource asks for, as far as that is
    possible now, and say in its status how far that is."""
    cr = cr.model_copy(update={"status": status_before(cr, memory)})
    await keep_finalizer(cr, around.cluster)
    keeper = SecretKeeper(around.cluster, around.random)
    objects = await owned(cr, around, keeper)
    stage = stage_of(cr, objects, memory.state)
    unknown = await unknown_kinds(cr, around)
    versions = await secret_versions(cr, stage, objects, keeper, memory)
    address = control_address(cr, objects, memory.token)
    if stage is Stage.ERASING and address is not None:
        await hear_out(cr, objects, CoordinatorClient(around.http, address), memory)
    served = frozenset(kind.kind for kind in optional_kinds(cr) if kind not in unknown)
    wanted = desired(cr, Facts(stage, around.images, versions, served))
    objects, problems = await apply_all(cr, wanted, objects, around.cluster, memory)
    await prune(cr, wanted, objects, around.cluster, memory)
    meet(address if stage is Stage.SERVING else None, memory)
    await command(cr, around, memory)
    refused = (*problems, *(problem_of(cr, kind) for kind in unknown))
    found = Found(stage, objects, memory.state, memory.unreachable, memory.refused, refused)
    await tell(cr, status_of(cr, found, around.now()), around, memory)


async def owned(cr: FederatedRound, around: Surroundings, keeper: SecretKeeper) -> Objects:
    """What the resource owns, and the pods of that; of Secrets the metadata."""
    secrets = await keeper.found(cr)
    children = around.children(namespace_of(cr), cr.metadata.name)
    return {**children, **{key_of(secret): secret for secret in secrets}}


async def secret_versions(
    cr: FederatedRound, stage: Stage, objects: Objects, keeper: SecretKeeper, memory: Memory
) -> dict[str, str]:
    """The versions of the Secrets that pods use, once the generated ones have their values."""
    found = {key.name: secret for key, secret in objects.items() if key.kind == "Secret"}
    await keeper.complete(cr, stage, found, memory)
    return await keeper.versions(cr, memory)


def optional_kinds(cr: FederatedRound) -> tuple[Kind, ...]:
    """The kinds that the resource wants and that a cluster may not know."""
    wanted = {
        HTTP_ROUTE: cr.spec.exposure.gateway is not None,
        SERVICE_MONITOR: cr.spec.metrics.service_monitor,
    }
    return tuple(kind for kind, is_wanted in wanted.items() if is_wanted)


async def unknown_kinds(cr: FederatedRound, around: Surroundings) -> tuple[Kind, ...]:
    """Those of them that this cluster does not know."""
    kinds = optional_kinds(cr)
    served = [await around.cluster.serves(kind) for kind in kinds]
    return tuple(kind for kind, is_served in zip(kinds, served, strict=True) if not is_served)


def problem_of(cr: FederatedRound, kind: Kind) -> Problem:
    """What is said about a kind that the cluster does not know."""
    key = ObjectKey(kind.kind, name_of(cr, Component.COORDINATOR))
    text = f"the cluster does not know {kind.kind} of {kind.api_version}: install its definition"
    return Problem(key, "KindUnknown", text)


def control_address(
    cr: FederatedRound, objects: Objects, token: str | None
) -> ControlAddress | None:
    """Where the control API of the coordinator is."""
    service = objects.get(ObjectKey(SERVICE.kind, name_of(cr, Component.CONTROL)))
    host = service and service["spec"].get("clusterIP")
    if not host or not token:
        return None
    host = f"[{host}]" if ":" in host else host
    return ControlAddress(f"http://{host}:{CONTROL_PORT}", token)


async def hear_out(
    cr: FederatedRound, objects: Objects, client: CoordinatorClient, memory: Memory
) -> None:
    """Ask a coordinator that is about to be ended what it has done up to now: later nobody can."""
    if ObjectKey(DEPLOYMENT.kind, name_of(cr, Component.COORDINATOR)) not in objects:
        return
    with suppress(CoordinatorUnreachable):
        state = await client.state()
        if state.generation is not None:
            memory.state = state


def meet(address: ControlAddress | None, memory: Memory) -> None:
    """A coordinator at a new address has not answered yet; whether that is a trouble is known
    once one of this resource has been heard of."""
    if address != memory.address:
        memory.address = address
        memory.unreachable = None if memory.state is None else NOT_YET


async def command(cr: FederatedRound, around: Surroundings, memory: Memory) -> None:
    """Tell a coordinator that answers what is wanted, unless it knows. While its stores do not
    answer it can take over nothing; it says so in its state, and when that is over."""
    state = memory.state
    if memory.address is None or memory.unreachable is not None or state is None:
        return
    if not state.store.available:
        return
    if state.generation == cr.metadata.generation:
        memory.refused = ()
        return
    client = CoordinatorClient(around.http, memory.address)
    try:
        memory.refused = await client.put(wanted_document(cr))
        if not memory.refused:
            # When each value takes effect depends on the phase it is in at this moment.
            memory.state = await client.state()
    except CoordinatorUnreachable as error:
        memory.unreachable = str(error)
