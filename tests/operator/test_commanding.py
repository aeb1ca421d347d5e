"""Telling a coordinator what is wanted, and hearing at once what it makes of it."""

import json

import httpx

from found_on_kubernetes import resource, told
from reconciled import around, coordinators
from tiny_cluster import TinyCluster
from virtual_loop import run
from xaynet_operator.coordinator_client import ControlAddress
from xaynet_operator.memory import Memory
from xaynet_operator.parameter_status import parameters_of
from xaynet_operator.reconcile import command

ADDRESS = ControlAddress("http://10.0.0.7:8082", "a token")
BEFORE, EDITED = resource(generation=2), resource(generation=3, pet__sum__count__max=7)


class InUpdate:
    """A coordinator that has come to Update, in which it is too late for a new count of Sum."""

    def __init__(self, refuses=False):
        self.refuses, self.generation = refuses, 2
        self.asked = []

    def __call__(self, request):
        self.asked.append(request.method)
        if request.method == "GET":
            return httpx.Response(200, text=self.state().model_dump_json(by_alias=True))
        if self.refuses:
            return httpx.Response(422, json={"problems": ["sum.count.max: too many"]})
        self.generation = json.loads(request.content)["generation"]
        return httpx.Response(200, json={"status": "stored", "problems": []})

    def state(self):
        state = told(BEFORE, phase="Update", generation=self.generation)
        pending = {"pending": 7, "pending_generation": 3}
        late = state.parameters["sum.count.max"].model_copy(update=pending)
        return state.model_copy(update={"parameters": state.parameters | {"sum.count.max": late}})


def remembered():
    """What was heard when the round was in Sum still."""
    return Memory(address=ADDRESS, state=told(BEFORE, phase="Sum", generation=2))


def commanded(coordinator):
    memory = remembered()
    run(command(EDITED, around(TinyCluster(), http=coordinators(coordinator)), memory))
    return memory


def moment(state):
    """When the edit takes effect."""
    (coming,) = (one for one in parameters_of(EDITED, state) if one.pending is not None)
    return coming.takes_effect


def test_when_an_edit_takes_effect_is_what_the_coordinator_says_not_what_was_heard_before():
    assert moment(remembered().state) == "AtOnce"
    coordinator = InUpdate()
    memory = commanded(coordinator)
    assert coordinator.asked == ["PUT", "GET"]
    assert (memory.state.generation, memory.state.phase) == (3, "Update")
    assert moment(memory.state) == "NextRound"


def test_what_a_coordinator_refuses_changes_nothing_there():
    coordinator = InUpdate(refuses=True)
    memory = commanded(coordinator)
    assert coordinator.asked == ["PUT"]
    assert memory.refused == ("sum.count.max: too many",)
    assert memory.state == remembered().state
