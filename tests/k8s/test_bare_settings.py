"""The config.toml of a coordinator alone: accepted, and complete."""

import base64
import re
from pathlib import Path

import pytest

from definitions import fields_of, models_in
from xaynet_coordinator.settings import Settings

CONFIG = Path(__file__).parents[2] / "k8s" / "coordinator" / "development" / "config.toml"
TEXT = CONFIG.read_text()
PATHS = [
    path
    for path, field in fields_of(Settings)
    if not list(models_in(field.annotation)) and path != "warnings"
]


@pytest.fixture
def settings(rendered):
    """As they are in the pod: of the file and of the Secret."""
    secrets = [one for one in rendered("coordinator/development") if one["kind"] == "Secret"]
    (data,) = [one["data"] for one in secrets if "XAYNET__REDIS__URL" in one["data"]]
    return Settings.load(CONFIG, {name: base64.b64decode(data[name]).decode() for name in data})


def test_the_coordinator_accepts_it_without_a_warning(settings):
    assert settings.warnings == ()
    assert settings.restore.enable
    assert settings.s3 is not None
    assert settings.control.token is not None


def test_its_services_are_those_that_are_installed_with_it(settings, rendered):
    services = {
        f"{one['metadata']['name']}:{port['port']}"
        for one in rendered("coordinator/development")
        if one["kind"] == "Service"
        for port in one["spec"]["ports"]
    }
    assert settings.s3.region[1].removeprefix("http://") in services
    address = re.search(r"@([^/]+)/", settings.redis.url.get_secret_value())
    assert address[1] in services


@pytest.mark.parametrize("path", PATHS)
def test_it_explains_every_key(path):
    assert re.search(rf"^(# )?(\w+ = \{{.*)?\b{path.rpartition('.')[2]} = ", TEXT, flags=re.M)
