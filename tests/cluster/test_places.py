"""Clusters of several slots lie beside each other."""

from ipaddress import ip_network
from itertools import combinations

import pytest

from node.places import SLOTS, SlotTaken, held, places, slot_of_its_own


def networks(slot):
    where = places(slot, 2)
    nodes = ip_network(f"{where.host}/24", strict=False)
    return [nodes, ip_network(where.services), ip_network(where.all_pods)]


def test_no_two_networks_overlap():
    everything = [network for slot in SLOTS for network in networks(slot)]
    assert not any(one.overlaps(other) for one, other in combinations(everything, 2))


def test_names_of_links_fit_the_kernel():
    names = [node.link for slot in SLOTS for node in places(slot, 2).nodes]
    assert len(set(names)) == len(names)
    assert max(map(len, names)) <= 15


def test_addresses_lie_in_the_networks_of_their_cluster():
    where = places(3, 2)
    nodes, services, pods = networks(3)
    assert all(ip_network(node.address).subnet_of(nodes) for node in where.nodes)
    assert all(ip_network(node.pods).subnet_of(pods) for node in where.nodes)
    assert ip_network(where.dns).subnet_of(services)
    assert ip_network(where.api_service).subnet_of(services)


def test_a_slot_is_held_once(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with slot_of_its_own() as first, slot_of_its_own() as second:
        assert first != second
        with pytest.raises(SlotTaken), held(second):
            pass
    with held(second):
        pass


def test_where_all_slots_are_held_a_sentence_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("node.places.SLOTS", range(2))
    with slot_of_its_own(), pytest.raises(SlotTaken, match="wait for one"), slot_of_its_own():
        pass


@pytest.mark.parametrize("nodes", [0, 3])
def test_a_cluster_has_one_or_two_nodes(nodes):
    with pytest.raises(ValueError, match="one or 2 nodes"):
        places(0, nodes)
