"""What `xaynet up` refuses to start with: a sentence, exit code 1, and never a traceback."""

import socket
from pathlib import Path

import pytest

from embedded import MANIFEST, Embedded, manifest


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "round.yaml"
    path.write_text(MANIFEST)
    return path


def test_a_manifest_that_is_wrong(xaynet, file):
    file.write_text(manifest(rounds=0, pet={}))
    refusal = xaynet("up", file).refusal.splitlines()
    assert refusal[0].startswith("xaynet: spec.rounds is 0, but must be a whole number, at least 1")
    assert refusal[1].startswith("xaynet: spec.pet.model is missing; it must be given, for example")


def test_a_manifest_that_is_not_there(xaynet):
    assert xaynet("up", "no.yaml").refusal == (
        "xaynet: no.yaml cannot be read: No such file or directory"
    )


def test_a_manifest_for_a_protocol_that_does_not_exist_yet(xaynet, file):
    file.write_text(manifest(protocol="FedAvg"))
    assert 'spec.protocol is "FedAvg", but must be PET; FedAvg' in xaynet("up", file).refusal


@pytest.mark.processes
def test_a_folder_that_another_process_uses(xaynet_alone, launch, file, tmp_path):
    at = launch(Embedded(tmp_path / "first"))
    refusal = xaynet_alone("up", file, "--data", at.data.path, "--port", 0).refusal
    assert f"{at.data.path} is in use: another coordinator runs on it" in refusal
    assert at.data.control().state()["phase"] == "Sum"


@pytest.mark.processes
def test_the_folder_of_another_service(xaynet, launch, file, tmp_path):
    at = launch(Embedded(tmp_path / "first", MANIFEST.replace("small", "other")))
    refusal = xaynet("up", file, "--data", at.data.path).refusal
    assert refusal == (
        f"xaynet: {at.data.path} is the folder of other, not of small: give another --data"
    )


def test_a_port_that_is_taken(xaynet_alone, file):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refusal = xaynet_alone("up", file, "--port", port).refusal
    assert f"--port is 127.0.0.1:{port}, which cannot be bound" in refusal


def test_an_address_that_cannot_be(xaynet, file):
    refusal = xaynet("up", file, "--host", "not a host").refusal
    assert 'xaynet: --port is "not a host:8081", but must be a host and a port' in refusal


def test_a_log_filter_that_cannot_be(xaynet, file):
    assert 'xaynet: --log is "loud,", but must be levels by target' in (
        xaynet("up", file, "--log", "loud,").refusal
    )


def test_a_folder_that_cannot_be_made(xaynet, file):
    refusal = xaynet("up", file, "--data", file / "data").refusal
    assert "Not a directory" in refusal


@pytest.mark.processes
def test_a_service_that_was_terminated(xaynet_alone, file, tmp_path):
    data = tmp_path / "data"
    file.write_text(manifest(desiredState="Terminated"))
    ended = xaynet_alone("up", file, "--data", data, "--port", 0)
    assert ended.lines[-1] == f"small is terminated; its models are in {data}/models"
    file.write_text(MANIFEST)
    refusal = xaynet_alone("up", file, "--data", data, "--port", 0).refusal
    assert refusal.startswith("xaynet: small was terminated, which is final")
