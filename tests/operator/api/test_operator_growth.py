"""An operator stays as small as it is, however often it reconciles."""

from pathlib import Path

import pytest

from on_api_server import INSTANCE, OWNED, Resource
from xaynet_operator.cluster import path
from xaynet_operator.manifests.kinds import CONFIG_MAP

pytestmark = pytest.mark.apiserver

MEBIBYTE = 2**20
MOST = 150 * MEBIBYTE
GROWTH = 4 * MEBIBYTE  # of an allocator's pages, not of objects: 500 visits' would be much more
RESOURCES, WARM_UP, EDITS = 20, 10, 25


@pytest.fixture
def twenty(api, namespace):
    made = [Resource(api, namespace, f"many-{number}") for number in range(RESOURCES)]
    for one in made:
        one.create()
    for one in made:
        one.wait_until_made()
    return made


def edit_all(resources, start, times):
    """Changes each as often, one visit for each change."""
    for rounds in range(start, start + times):
        for one in resources:
            one.edit(rounds=rounds)
        for one in resources:
            one.wait_until(is_observed)


def is_observed(body):
    return body["status"]["observedGeneration"] == body["metadata"]["generation"]


def resident(process):
    """Bytes of memory that it holds."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


def test_500_visits_later_it_is_as_big_as_before(operator, twenty):
    edit_all(twenty, 1, WARM_UP)
    before = resident(operator)
    edit_all(twenty, 1000, EDITS)
    after = resident(operator)
    print(
        f"{before / MEBIBYTE:.1f} MiB, {RESOURCES * EDITS} visits later {after / MEBIBYTE:.1f} MiB"
    )
    assert after < MOST
    assert after - before < GROWTH


def test_what_belongs_to_others_takes_no_memory(operator, api, namespace):
    """Another operator may have thousands of objects of the same kinds."""
    before = resident(operator)
    for number in range(100):
        theirs = {"metadata": {"name": f"theirs-{number}"}, "data": {"a": "x" * 500_000}}
        assert api.ask("POST", path(CONFIG_MAP, namespace), theirs).status == 201
    Resource(api, namespace).create().wait_until_made()
    assert resident(operator) - before < 10 * MEBIBYTE


def test_resources_that_are_gone_leave_nothing_behind(operator, api, namespace):
    def come_and_go(number):
        one = Resource(api, namespace, f"gone-{number}").create()
        one.wait_until_made()
        one.delete()
        for kind in OWNED:  # as the cluster would
            where = f"{path(kind, namespace)}?labelSelector={INSTANCE}={one.name}"
            assert api.ask("DELETE", where).status == 200

    for number in range(20):
        come_and_go(number)
    before = resident(operator)
    for number in range(20, 60):
        come_and_go(number)
    assert resident(operator) - before < GROWTH
