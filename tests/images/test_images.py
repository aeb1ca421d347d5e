"""The images as they are built: small, closed, and able to run where pods are restricted."""

import socket

import httpx
import pytest
import redis
from recipes import IMAGES, version
from run_images import config, index, mounted, running

from processes import free_port

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]

MIB = 2**20
LARGEST = {"operator": 140, "coordinator": 125, "redis": 12, "minio": 60, "participant": 115}
PYTHON_IMAGES = ("operator", "coordinator", "participant")
PACKAGES = "opt/xaynet/lib/python3.11/site-packages"
MEMBERS = {"operator": "xaynet_operator", "coordinator": "xaynet_coordinator"}
MEMBERS |= {"participant": "xaynet_sdk"}
COMPILERS = ("usr/bin/cc", "usr/bin/gcc", "usr/bin/make", "usr/lib/gcc")
LEFTOVERS = ("pip", "dependencies", "own", "ours", "root/.cache", f"{PACKAGES}/pip")

of_python = pytest.mark.parametrize("name", PYTHON_IMAGES)


def only(name):
    return pytest.mark.parametrize("name", [name])


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_says_what_it_is_and_runs_as_nobody_in_particular(archive, name):
    image = config(archive)
    assert image["User"] == "65532:65532"
    assert image["Labels"]["org.opencontainers.image.title"] == f"xaynet-{name}"
    assert image["Labels"]["org.opencontainers.image.version"] == version()
    reference = index(archive)["annotations"]["org.opencontainers.image.ref.name"]
    assert reference == IMAGES[name].reference


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_is_small(archive, name):
    assert archive.stat().st_size < LARGEST[name] * MIB


@of_python
def test_an_image_has_its_members_compiled_and_nothing_to_build_with(archive, name):
    with mounted(archive) as root:
        ours = {path.name for path in (root / PACKAGES).glob("xaynet_*") if path.suffix == ""}
        assert ours == {MEMBERS[name], "xaynet_pet"}
        for member in ours:
            assert list((root / PACKAGES / member / "__pycache__").glob("*.pyc"))
        assert [path for path in (*COMPILERS, *LEFTOVERS) if (root / path).exists()] == []


@only("coordinator")
def test_the_coordinator_names_the_settings_that_it_lacks(archive, tmp_path):
    with running(archive, tmp_path, []) as container:
        assert "/etc/xaynet/config.toml cannot be read" in container.end()
        assert container.process.returncode == 1


@only("operator")
def test_the_operator_names_the_settings_that_it_lacks(archive, tmp_path):
    with running(archive, tmp_path, []) as container:
        assert "XAYNET_OPERATOR_COORDINATOR_IMAGE" in container.end()
        assert container.process.returncode == 1


@only("redis")
def test_redis_answers_and_keeps_what_it_is_given(archive, tmp_path):
    port = free_port()
    arguments = ["--port", str(port), "--dir", "/data", "--appendonly", "yes"]
    with running(archive, tmp_path, arguments) as container:
        assert container.says("Ready to accept connections")
        with redis.Redis(port=port) as client:
            client.set("name", "value")
            assert client.get("name") == b"value"
        assert container.terminate() == 0


@only("minio")
def test_minio_answers(archive, tmp_path):
    address = f"127.0.0.1:{free_port()}"
    with running(archive, tmp_path, ["server", "/data", "--address", address]) as container:
        with httpx.Client(transport=httpx.HTTPTransport(retries=8)) as client:
            assert client.get(f"http://{address}/minio/health/live").status_code == 200
        assert container.terminate() == 0


@only("participant")
def test_a_participant_looks_for_its_coordinator_until_it_is_told_to_end(archive, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as coordinator:
        coordinator.settimeout(60)
        url = f"http://127.0.0.1:{coordinator.getsockname()[1]}"
        with running(archive, tmp_path, [url, "--number", "9"]) as container:
            coordinator.accept()[0].close()
            assert container.terminate() == 0
