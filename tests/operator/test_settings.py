"""How an operator is installed: what its environment says, and what it says against that."""

import json
import os
import subprocess
import sys

import pytest

from xaynet_operator.settings import OperatorSettings, SettingsError

LEAST = {
    "XAYNET_OPERATOR_COORDINATOR_IMAGE": "c:1",
    "XAYNET_OPERATOR_REDIS_IMAGE": "r:1",
    "XAYNET_OPERATOR_MINIO_IMAGE": "m:1",
    "XAYNET_OPERATOR_POD_NAME": "operator-1",
    "XAYNET_OPERATOR_LEASE_NAMESPACE": "xaynet-system",
}


def read(**more):
    return OperatorSettings.read(
        LEAST | {f"XAYNET_OPERATOR_{k.upper()}": v for k, v in more.items()}
    )


def test_images_and_a_name_are_enough():
    settings = read()
    assert settings.watched == ()
    assert settings.images.coordinator == "c:1"
    assert settings.images.pull_policy is None


@pytest.mark.parametrize("name", LEAST)
def test_what_is_missing_is_named(name):
    with pytest.raises(SettingsError, match=name):
        OperatorSettings.read({key: value for key, value in LEAST.items() if key != name})


@pytest.mark.parametrize(
    ("given", "watched"),
    [("", ()), ("a", ("a",)), ("a,b", ("a", "b")), (" a , b ,", ("a", "b"))],
)
def test_namespaces_are_told_with_commas(given, watched):
    assert read(namespaces=given).watched == watched


@pytest.mark.parametrize("given", ["team-*", "!kube-system", "A", "a;b"])
def test_namespaces_are_names_and_not_patterns(given):
    with pytest.raises(SettingsError, match="XAYNET_OPERATOR_NAMESPACES"):
        read(namespaces=given)


@pytest.mark.parametrize(
    ("name", "value"),
    [("log_level", "loud"), ("image_pull_policy", "Sometimes"), ("redis_image", "")],
)
def test_a_value_that_is_wrong_is_named(name, value):
    with pytest.raises(SettingsError, match=f"XAYNET_OPERATOR_{name.upper()}"):
        read(**{name: value})


def test_the_program_ends_with_a_sentence_for_each_and_no_trace_of_the_code():
    command = [sys.executable, "-m", "xaynet_operator"]
    ran = subprocess.run(
        command,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 1
    assert {line.partition(":")[0] for line in ran.stderr.splitlines()} == LEAST.keys()


def test_each_event_is_logged_as_one_line_of_json():
    script = """
import logging, structlog
from xaynet_operator.logs import set_up_logs
set_up_logs("info")
with structlog.contextvars.bound_contextvars(round="digits"):
    structlog.get_logger().info("applied", object="a")
    structlog.get_logger().debug("unheard")
    logging.getLogger("kopf.reactor").warning("a library's own words")
    logging.getLogger("kopf.objects").info("each event that was seen")
    try:
        raise ValueError("two\\nlines")
    except ValueError:
        structlog.get_logger().exception("visit_failed")
"""
    command = [sys.executable, "-c", script]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    entries = [json.loads(line) for line in ran.stderr.splitlines()]
    assert [one["event"] for one in entries] == ["applied", "a library's own words", "visit_failed"]
    assert {one["round"] for one in entries} == {"digits"}
    assert "two\nlines" in entries[-1]["exception"]
