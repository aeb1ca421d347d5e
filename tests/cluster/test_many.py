"""Twenty services in three namespaces, some of the same name: each has its own of everything."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from installing import NAMESPACE, operators
from one_round import Round
from served import Served
from spaces import new_namespace
from xaynet_operator.owned import Component

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

LONGEST = "a-name-of-63-characters-" + "x" * 38 + "z"
NAMES = ("digits", "digits-2", LONGEST, "7-begins-with-a-digit", "faces", "minio", "redis")
MEBIBYTE = 2**20
MOST = 150 * MEBIBYTE  # that an operator may hold
RUNS = (0, 1, 2, 3, 7, 9, 14, 16)  # which of them serve a round at the same time


@pytest.fixture(scope="module")
def many(operator) -> Iterator[list[Served]]:
    with ExitStack() as stack:
        namespaces = [stack.enter_context(new_namespace(operator)) for _ in range(3)]
        wanted = [(namespace, name) for namespace in namespaces for name in NAMES][:20]
        services = [Served(operator, *one, rounds=1) for one in wanted]
        operator.apply(*(service.manifest for service in services))
        for service in services:
            stack.callback(service.http.close)
            service.wait_for_condition("Ready", seconds=240)
        yield services
    for namespace in namespaces:  # sixty pods that end would slow down whatever comes next
        operator.wait_for(f"namespace/{namespace}", "delete", namespace, seconds=180)


def test_each_has_a_model_of_its_own_though_rounds_run_at_once(many):
    chosen = [many[number] for number in RUNS]
    with ThreadPoolExecutor(len(chosen)) as pool:
        models = list(pool.map(serve_a_round, chosen, RUNS))
    assert len(set(models)) == len(models)
    for service, model in zip(chosen, models, strict=True):
        service.wait_for_condition("Completed")
        bucket = {one.object_name for one in service.minio().list_objects("global-models")}
        assert bucket == {model, f"{model}.npy", f"{model}.npy.sha256"}
    for service in (one for number, one in enumerate(many) if number not in RUNS):
        assert list(service.minio().list_objects("global-models")) == []
        assert service.status()["totals"] == {"successful": 0, "failed": 0}


def serve_a_round(service: Served, number: int) -> str:
    """Round 1 with models that no other service has; the name of its global model."""
    models = [([number + i / 60 + j for i in range(50)], 1 / (j + 1)) for j in range(3)]
    bounded = [([weight / 60 for weight in weights], scalar) for weights, scalar in models]
    round = Round(service, models=bounded)
    round.to_sum2()
    round.post(round.mask_bodies())
    round.ends_with_the_exact_mean()
    return service.state()["latestModel"]["id"]


def test_each_has_secrets_and_a_store_of_its_own(many):
    drawn = [
        value
        for service in many
        for component in (Component.CONTROL, Component.REDIS, Component.MINIO, Component.ROUNDS)
        for name, value in service.secret(component).items()
        if name not in ("url", "auth.conf")
    ]
    assert len(drawn) == len(set(drawn)) == 20 * 5
    for service in many:
        uid = service.body()["metadata"]["uid"]
        keys = [key.decode() for key in service.redis().scan_iter()]
        assert keys
        assert all(key.startswith(f"{{{uid}}}:") for key in keys), keys


def test_nobody_was_mistaken_for_another_and_nothing_was_started_twice(many):
    for service in many:
        for component in (Component.COORDINATOR, Component.REDIS, Component.MINIO):
            (pod,) = service.pods(component)
            (container,) = pod["status"]["containerStatuses"]
            assert container["restartCount"] == 0, pod["metadata"]["name"]


def test_an_operator_of_many_is_small_and_does_not_grow(operator, many):
    for rounds in range(2, 5):
        edit_all(operator, many, rounds)
    before = resident(operator)
    for rounds in range(5, 15):
        edit_all(operator, many, rounds)
    after = resident(operator)
    print(f"{before / MEBIBYTE:.1f} MiB, after 200 edits {after / MEBIBYTE:.1f} MiB")
    assert after < MOST
    assert after - before < 5 * MEBIBYTE


def edit_all(operator, many: list[Served], rounds: int) -> None:
    """Change every resource, and wait until all of them say that this was seen."""
    for service in many:
        service.manifest["spec"]["rounds"] = rounds
    operator.apply(*(service.manifest for service in many))
    for service in many:
        service.wait_until(is_observed)


def is_observed(body) -> bool:
    return body["status"]["observedGeneration"] == body["metadata"]["generation"]


def resident(operator) -> int:
    """Bytes of memory that the operator's process holds."""
    (pod,) = operators(operator)
    read = "print(open('/proc/1/status').read())"
    told = operator.kubectl("exec", pod, f"--namespace={NAMESPACE}", "--", "python", "-c", read)
    (line,) = (line for line in told.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024
