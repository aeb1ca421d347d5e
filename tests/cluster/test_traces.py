"""A cluster leaves no trace on the machine, however it ends, and none that the next would mind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from node.bare import BareCluster
from node.box import is_open
from node.cgroups import cgroups
from node.network import links
from node.places import places, slot_of_its_own
from node.waiting import ClusterFailed, wait_until

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

SYSTEM_FOLDERS = ("/run", "/run/netns", "/var/lib", "/var/lib/cni/results", "/var/log", "/opt")
UP = "import sys; from node.bare import BareCluster as C; C(int(sys.argv[1]), 2, {leashed}).up()"


@pytest.fixture
def slot():
    """Of a cluster on the bare machine, whoever provides the other tests' cluster."""
    with slot_of_its_own() as number:
        if missing := BareCluster(number).missing():
            pytest.fail(f"needs {missing}; `make test-fast` needs none of it", pytrace=False)
        BareCluster(number).down()
        yield number
        BareCluster(number).down()


def traces(slot):
    """All that belongs to a slot: its links, cgroups, mounts, processes and folder."""
    folder = places(slot, 2).folder
    groups = [group for node in places(slot, 2).nodes for group in cgroups(node)]
    mounts = [line for line in Path("/proc/mounts").read_text().splitlines() if str(folder) in line]
    there = [folder] if folder.exists() else []
    return [*links(slot), *groups, *mounts, *processes(slot), *there]


def processes(slot):
    """Those whose arguments or cgroup name the slot."""
    wanted = (os.fsencode(f"{places(slot, 2).folder}/"), f"/xaynet{slot}n".encode())
    return [
        entry.name
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and any(name in about(entry) for name in wanted)
    ]


def about(process):
    try:
        return (process / "cmdline").read_bytes() + (process / "cgroup").read_bytes()
    except OSError:  # it has just ended
        return b""


def system_folders():
    return {name: sorted(os.listdir(name)) for name in SYSTEM_FOLDERS if os.path.isdir(name)}


def start_up(slot, leashed):
    path = os.pathsep.join(str(Path(__file__).parents[1] / name) for name in ("cluster", "support"))
    return subprocess.Popen(
        [sys.executable, "-c", UP.format(leashed=leashed), str(slot)],
        env=os.environ | {"PYTHONPATH": path},
        stderr=subprocess.DEVNULL,
    )


def test_down_leaves_nothing_behind(slot):
    before = system_folders()
    cluster = BareCluster(slot, nodes=2)
    cluster.up()
    assert len(links(slot)) == 3
    assert all(cgroups(node) for node in cluster.places.nodes)
    assert processes(slot)
    cluster.down()
    assert traces(slot) == []
    assert system_folders() == before


@pytest.mark.parametrize("sign", ["pki/ca.crt", "node1/started", "log/node2-kubelet.log"])
def test_an_up_that_was_killed_half_way_does_not_break_the_next(slot, sign):
    with start_up(slot, leashed=False) as killed:
        sight = places(slot, 2).folder / sign
        wait_until(sight.exists, 60, f"the start as far as {sign}")
        killed.kill()
    assert traces(slot)
    cluster = BareCluster(slot)
    cluster.up()
    assert [node["metadata"]["name"] for node in cluster.get("nodes")["items"]] == ["node1"]
    cluster.down()
    assert traces(slot) == []


def test_a_test_run_that_is_killed_takes_its_cluster_with_it(slot):
    with start_up(slot, leashed=True) as killed:
        nodes = places(slot, 2).nodes
        kubelet = places(slot, 2).log("node2-kubelet")
        wait_until(kubelet.exists, 60, "the start of the last kubelet")
        assert all(is_open(node) for node in nodes)
        killed.kill()
    wait_until(lambda: not processes(slot), 20, "the end of all processes")


def test_a_program_that_ends_at_start_is_shown_with_its_log(slot, monkeypatch):
    monkeypatch.setattr("node.programs.ETCD", "no address")
    cluster = BareCluster(slot)
    with pytest.raises(ClusterFailed, match=r"etcd ended with code \d+; the end of .*etcd\.log"):
        cluster.up()
    cluster.down()
