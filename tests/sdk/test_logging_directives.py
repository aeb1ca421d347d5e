"""`XAYNET_CLIENT`: tracing directives on the logging module."""

import logging
import os
import subprocess
import sys

import pytest

from xaynet_sdk.logs import parse_directives

PROGRAM = """
import logging
{setup}
from xaynet_sdk import xaynet_sdk
log = logging.getLogger("xaynet_sdk.transition")
for level in ("debug", "info", "warning"):
    getattr(log, level)("said as " + level)
logging.getLogger("participant").info("the published logger")
"""


def output(directives: str | None, setup: str = "", variable: str = "XAYNET_CLIENT") -> str:
    names = ("XAYNET_CLIENT", "XAYNET__CLIENT")
    environment = {k: v for k, v in os.environ.items() if k not in names}
    if directives is not None:
        environment[variable] = directives
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(setup=setup)],
        env=environment, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return run.stdout + run.stderr


@pytest.mark.parametrize(
    ("directives", "levels"),
    [
        ("info", {"xaynet_sdk": logging.INFO}),
        ("xaynet=debug", {"xaynet_sdk": logging.DEBUG}),
        ("XAYNET_CLIENT", {"XAYNET_CLIENT": logging.DEBUG}),
        ("warn,xaynet_sdk::state_machine=trace", {"xaynet_sdk": logging.DEBUG}),
        ("off", {"xaynet_sdk": logging.CRITICAL + 1}),
        ("3", {"xaynet_sdk": logging.INFO}),
        ("INFO , httpx=Error", {"xaynet_sdk": logging.INFO, "httpx": logging.ERROR}),
        ("xaynet[{phase=sum}]=warn", {"xaynet_sdk": logging.WARNING}),
        ("hyper::client=info", {"hyper.client": logging.INFO}),
        ("", {}),
    ],
)
def test_directives_become_levels_of_loggers(directives, levels):
    assert parse_directives(directives) == levels


def test_a_level_that_does_not_exist_is_named():
    with pytest.raises(ValueError, match="'loud' in 'xaynet=loud' is not one of off, error"):
        parse_directives("info,xaynet=loud")


def test_without_the_variable_nothing_is_said():
    assert output(None) == ""


@pytest.mark.parametrize("variable", ["XAYNET_CLIENT", "XAYNET__CLIENT"])
def test_the_variable_switches_the_lines_on(variable):
    lines = output("info", variable=variable).splitlines()
    assert [line.split()[-1] for line in lines] == ["info", "warning"]


def test_a_program_that_configures_logging_gets_each_line_once():
    lines = output("debug", "logging.basicConfig(level=logging.INFO)").splitlines()
    assert len([line for line in lines if "said as" in line]) == 3
    assert len([line for line in lines if "published" in line]) == 1


def test_wrong_directives_do_not_stop_the_program():
    assert "said as" not in output("xaynet=loud")
