"""A FederatedRound that is terminated in every phase: what its rounds have left is erased within
a minute, that is recorded, and nothing ever begins it again."""

import time
from base64 import b64encode
from collections.abc import Callable

import pytest

from installing import kill_operator
from node.manifests import manifest
from node.waiting import ClusterFailed, wait_until
from one_round import Round
from served import MINIO_PORT, REDIS_PORT, Served
from spaces import new_namespace
from xaynet_operator.owned import Component
from xaynet_pet import Model

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

SECONDS = 60  # from the edit to the end that is recorded
STORE = {"resources": {"requests": {"cpu": "5m", "memory": "32Mi"}}, "storage": "64Mi"}
ERASED = (
    ("deployment", Component.COORDINATOR),
    ("service", Component.COORDINATOR),
    ("statefulset", Component.REDIS),
    ("persistentvolumeclaim", Component.REDIS),
    ("secret", Component.REDIS),
    ("secret", Component.CONTROL),
    ("secret", Component.ROUNDS),
    ("job", Component.ERASE),
)


def terminate(service: Served, reason: str = "Erased") -> dict:
    """Ask for the end, and wait until it is recorded; the status then."""
    asked = time.monotonic()
    service.edit({"desiredState": "Terminated"})
    service.wait_for_condition("Terminated", reason=reason, seconds=SECONDS)
    assert time.monotonic() - asked < SECONDS
    status = service.status()
    assert (status["state"], status.get("round")) == ("Terminated", None)
    assert "endpoint" not in status
    assert service.condition("Ready")["reason"] == "Terminated"
    return status


def nothing_is_left(service: Served, *, models: bool) -> None:
    """Of a managed service nothing but, at most, its models."""
    wait_until(lambda: not pods(service, Component.COORDINATOR), 60, "no coordinator")
    wait_until(lambda: not pods(service, Component.REDIS), 60, "no Redis")
    for kind, component in ERASED:
        what = f"the end of {kind} {component}"
        wait_until(lambda k=kind, c=component: service.owned(k, c) is None, 60, what)
    if models:
        minio = service.minio()
        buckets = {one.name for one in minio.list_buckets()} - {"global-models"}
        assert not [one for name in buckets for one in minio.list_objects(name, recursive=True)]
        return
    for kind in ("statefulset", "service", "secret", "persistentvolumeclaim"):
        what = f"the end of {kind} minio"
        wait_until(lambda k=kind: service.owned(k, Component.MINIO) is None, 60, what)


def pods(service: Served, component: Component) -> list[dict]:
    """The pods of a component, those included that are ending."""
    selector = (
        f"--selector=app.kubernetes.io/instance={service.name},"
        f"app.kubernetes.io/component={component}"
    )
    return service.cluster.get("pods", f"--namespace={service.namespace}", selector)["items"]


def refuses_to_go_on(service: Served) -> None:
    for state in ("Running", "Paused"):
        with pytest.raises(ClusterFailed, match=r'must stay "Terminated": that is final'):
            service.edit({"desiredState": state})


# Where it is terminated


def in_sum(service: Served) -> None:
    round = Round(service)
    round.post(round.sum_bodies()[:1])


def in_update(service: Served) -> None:
    round = Round(service)
    round.to_update()
    round.post(round.update_bodies()[:2])


def in_sum2(service: Served) -> None:
    round = Round(service)
    round.to_sum2()
    round.post(round.mask_bodies()[:1])


def paused(service: Served) -> None:
    in_update(service)
    service.edit({"desiredState": "Paused"})
    service.wait_for_condition("Paused", reason="Paused")


def asleep(service: Served) -> None:
    in_update(service)
    service.edit({"desiredState": "Paused", "pause": {"scaleToZero": True}})
    service.wait_for_condition("Paused", reason="ScaledToZero")
    service.wait_for_condition("Progressing", "False", "AsDesired")


@pytest.mark.parametrize(
    ("come_so_far", "accepted"),
    [
        pytest.param(in_sum, (1, 0, 0), id="Sum"),
        pytest.param(in_update, (2, 2, 0), id="Update"),
        pytest.param(in_sum2, (2, 3, 1), id="Sum2"),
        pytest.param(paused, (2, 2, 0), id="Paused"),
        pytest.param(asleep, (2, 2, 0), id="asleep"),
    ],
)
def test_a_round_in_flight_is_cut_off(
    operator, namespace, come_so_far: Callable[[Served], None], accepted: tuple[int, ...]
):
    with Served(operator, namespace, "cut") as service:
        service.wait_for_condition("Ready", seconds=120)
        come_so_far(service)
        service.wait_until(lambda body: counts(body["status"].get("round")) == accepted)
        status = terminate(service)
        (line,) = status["history"]
        assert (line["id"], line["outcome"], counts(line)) == (1, "Terminated", accepted)
        assert status["totals"] == {"successful": 0, "failed": 0}
        nothing_is_left(service, models=True)
        refuses_to_go_on(service)
        told = [one["reason"] for one in service.events()]
        assert (told.count("Terminating"), told.count("Terminated")) == (1, 1)


def counts(round: dict | None) -> tuple[int, ...] | None:
    """The messages that were accepted in each phase of a round."""
    return round and tuple(round[phase]["accepted"] for phase in ("sum", "update", "sum2"))


def test_in_idle_there_is_nothing_to_cut_off(operator, namespace):
    models = {
        "managed": STORE,
        "initial": "s3://global-models/first.npy",
        "deletionPolicy": "Delete",
    }
    with Served(operator, namespace, "idle", models=models) as service:
        service.wait_until(lambda body: body.get("status", {}).get("parameters"), 120)
        assert service.state()["phase"] == "Idle"
        status = terminate(service)
        assert status["history"] == []
        nothing_is_left(service, models=False)
        refuses_to_go_on(service)


@pytest.mark.parametrize("policy", ["Retain", "Delete"])
def test_of_a_completed_service_the_models_stay_or_go_as_asked(operator, namespace, policy):
    models = {"managed": STORE, "deletionPolicy": policy}
    with Served(operator, namespace, "completed", rounds=1, models=models) as service:
        service.wait_for_condition("Ready", seconds=120)
        mean = complete(service)
        status = terminate(service)
        assert [line["outcome"] for line in status["history"]] == ["Succeeded"]
        assert status["totals"] == {"successful": 1, "failed": 0}
        nothing_is_left(service, models=policy == "Retain")
        if policy == "Retain":
            kept = service.kept_model(status["latestModel"]["id"])
            assert Model.from_bytes(kept).fractions() == mean
        else:
            assert "latestModel" not in status


def complete(service: Served) -> list:
    """Its only round; the mean."""
    round = Round(service)
    round.to_sum2()
    round.post(round.mask_bodies())
    round.ends_with_the_exact_mean()
    service.wait_for_condition("Completed")
    return round.mean()


def test_a_service_that_never_ran_ends_too(operator, namespace):
    broken = {"image": "localhost/no-such-image:1"}
    with Served(operator, namespace, "never", coordinator=broken) as service:
        service.wait_for_condition("Ready", "False", "ImagePullFailed", 120)
        status = terminate(service, "ErasureIncomplete")
        assert status["history"] == []
        nothing_is_left(service, models=True)


# External stores: those of another service


def test_external_stores_are_left_as_if_it_had_never_been(operator, namespace):
    with new_namespace(operator) as elsewhere, Served(operator, elsewhere, "stores") as stores:
        stores.wait_for_condition("Ready", seconds=120)
        others = Round(stores)
        others.to_update()
        updates = others.update_bodies()
        others.post(updates[:2])
        spec = external(stores, namespace)
        with Served(operator, namespace, "guest", rounds=2, **spec) as guest:
            guest.wait_for_condition("Ready", seconds=120)
            uid = guest.body()["metadata"]["uid"]
            first = Round(guest)
            first.to_sum2()
            first.post(first.mask_bodies())
            first.ends_with_the_exact_mean()
            second = Round(guest, 2)
            second.to_update()
            second.post(second.update_bodies()[:2])
            assert all(found(stores, uid)), "nothing could be erased"

            status = terminate(guest)
            assert [line["outcome"] for line in status["history"]] == ["Terminated", "Succeeded"]
            assert found(stores, uid) == (set(), set())
            assert list(stores.minio().list_objects("guests", recursive=True)) == []
            guest.wait_until(lambda body: not body["metadata"].get("finalizers"))
        others.go_on_with(updates[2:])


def external(stores: Served, namespace: str) -> dict:
    """The spec of a service in another namespace that uses the stores of this one."""
    keys = stores.secret(Component.MINIO)
    password = stores.secret(Component.REDIS)["password"]
    host = f"{stores.object_name(Component.REDIS)}.{stores.namespace}"
    entries = keys | {"url": f"redis://:{password}@{host}:{REDIS_PORT}/0"}
    data = {name: b64encode(value.encode()).decode() for name, value in entries.items()}
    stores.cluster.apply(manifest("v1", "Secret", "ways-in", namespace, data=data))
    endpoint = f"http://{stores.object_name(Component.MINIO)}.{stores.namespace}:{MINIO_PORT}"
    bucket = {"bucket": "guests", "endpoint": endpoint}
    return {
        "redis": {"external": {"urlSecretRef": {"name": "ways-in", "key": "url"}}},
        "models": {
            "external": bucket | {"credentialsSecretRef": {"name": "ways-in"}},
            "deletionPolicy": "Delete",
        },
    }


def found(stores: Served, uid: str) -> tuple[set[bytes], set[str | None]]:
    """What lies in Redis under a uid, and all that is in the bucket of its rounds."""
    with stores.redis() as redis:
        keys = set(redis.keys(f"*{uid}*"))
    objects = stores.minio().list_objects("guests-rounds", recursive=True)
    return keys, {one.object_name for one in objects}


# Never again


def test_nothing_begins_it_again(operator, namespace):
    with Served(operator, namespace, "ended", rounds=1) as service:
        service.wait_for_condition("Ready", seconds=120)
        mean = complete(service)
        status = terminate(service)
        nothing_is_left(service, models=True)

        def is_still_ended() -> None:
            """Also in the eyes of an operator that has just begun, and acts on others."""
            with Served(operator, namespace, "canary", coordinator={"image": "none:1"}) as canary:
                canary.wait_for_condition("Ready", "False", "ImagePullFailed", 120)
                canary.delete()
            assert service.status() == status
            nothing_is_left(service, models=True)

        kill_operator(operator)
        is_still_ended()
        operator.kubectl("delete", "pods", "--all", f"--namespace={namespace}")
        is_still_ended()
        operator.restart()
        is_still_ended()
        operator.wait_for("pod/ended-minio-0", "condition=Ready", namespace)
        kept = service.kept_model(status["latestModel"]["id"])
        assert Model.from_bytes(kept).fractions() == mean
