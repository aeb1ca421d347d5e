"""An operator and a real coordinator: what is wanted goes in, what it tells comes out.

Services of the API server have addresses of this machine, so that a coordinator of the test's own
may listen where the pod's would be reached.
"""

from base64 import b64decode, b64encode

import pytest

from coordinators import StartedAnyhow
from on_api_server import Resource
from one_round import SETTINGS, Round
from xaynet_operator.manifests.kinds import SERVICE
from xaynet_operator.manifests.network import CONTROL_PORT

pytestmark = [pytest.mark.apiserver, pytest.mark.usefixtures("operator")]

PET = {
    "model": {"length": 50},
    "mask": {"groupType": "Prime", "dataType": "F32", "boundType": "B0", "modelType": "M3"},
    "sum": {"prob": 0.4, "count": {"min": 2, "max": 10}, "time": {"min": 0, "max": 600}},
    "update": {"prob": 0.9, "count": {"min": 3, "max": 3}, "time": {"min": 0, "max": 600}},
    "sum2": {"count": {"min": 2, "max": 10}, "time": {"min": 0, "max": 600}},
}


class Behind(StartedAnyhow):
    """The coordinator behind a Service, commanded from outside."""

    def __init__(self, folder, address, token):
        super().__init__(folder, SETTINGS)
        self.address, self.token = address, token

    @property
    def control_url(self):
        return f"http://{self.address}:{CONTROL_PORT}"

    def _toml(self):
        toml = (
            super()
            ._toml()
            .replace(f"127.0.0.1:{self.control_port}", f"{self.address}:{CONTROL_PORT}")
        )
        parts = toml.split("\n\n")
        own = next(number for number, part in enumerate(parts) if "[control]" in part)
        parts[own] = (
            f'[control]\nbind_address = "{self.address}:{CONTROL_PORT}"\ntoken = "{self.token}"\n'
        )
        return "\n\n".join(parts)


@pytest.fixture
def resource(api, namespace):
    made = Resource(api, namespace, pet=PET, rounds=1).create()
    made.wait_until_made()
    return made


@pytest.fixture
def coordinator(resource, launch, tmp_path):
    address = resource.get(SERVICE, "digits-control")["spec"]["clusterIP"]
    token = b64decode(resource.secret("digits-control")["token"]).decode()
    return launch(Behind(tmp_path / "coordinator", address, token))


def test_it_is_told_what_is_wanted_and_its_rounds_are_shown(resource, coordinator):
    resource.wait_for_reason("ParametersApplied", "Applied")
    coordinator.wait_for(lambda state: state["phase"] == "Sum")
    round = Round(coordinator)
    round.to_update()
    body = resource.wait_until(
        lambda body: body["status"].get("round", {}).get("phase") == "Update"
    )
    assert body["status"]["round"]["sum"]["accepted"] == 2
    round.go_on_with(round.update_bodies())
    resource.wait_until(lambda body: resource.condition("Completed", body).get("status") == "True")
    reasons = [one["reason"] for one in resource.events()]
    assert reasons.count("RoundSucceeded") == reasons.count("Completed") == 1


def test_an_edit_and_a_pause_arrive_and_their_end_too(resource, coordinator):
    resource.wait_for_reason("ParametersApplied", "Applied")
    resource.edit(desiredState="Paused", pet={"update": {"count": {"max": 4}}})
    resource.wait_until(lambda body: resource.condition("Paused", body)["status"] == "True")
    state = coordinator.state()
    assert (state["paused"], state["generation"]) == (True, 2)
    resource.edit(desiredState="Running")
    resource.wait_until(lambda body: resource.condition("Paused", body)["status"] == "False")


def test_one_that_comes_back_is_told_what_it_has_missed(resource, coordinator):
    resource.wait_for_reason("ParametersApplied", "Applied")
    coordinator.kill()
    resource.edit(rounds=2)
    resource.wait_until(lambda body: body["status"]["observedGeneration"] == 2)
    coordinator.start()
    resource.wait_for_reason("ParametersApplied", "Applied")
    assert coordinator.state()["generation"] == 2


def test_a_token_that_is_rotated_is_used_from_then_on(resource, coordinator):
    resource.wait_for_reason("ParametersApplied", "Applied")
    coordinator.kill()
    coordinator.token = "rotated"
    encoded = b64encode(b"rotated").decode()
    resource.change("Secret/digits-control", {"data": {"token": encoded}})
    coordinator.start()
    resource.edit(rounds=2)
    resource.wait_for_reason("ParametersApplied", "Applied")
    assert coordinator.state()["generation"] == 2
