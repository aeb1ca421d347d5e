"""Commands that find no service, or not the one that is meant."""

import socket

from coordinators import Coordinator
from one_round import SETTINGS
from xaynet_cli.data_folder import DataFolder, Serving


def announced(folder, port):
    """A folder as a process leaves it that was killed."""
    folder.mkdir()
    url = f"http://127.0.0.1:{port}"
    DataFolder(folder).announce(Serving("small", public=url, control=url, pid=1), "a token")


def test_without_a_folder_of_a_service_one_must_be_named(xaynet):
    assert xaynet("pause").refusal == (
        "xaynet: there is no folder of a service here (xaynet-…/serving.json): give its --data"
    )


def test_with_several_services_one_must_be_named(xaynet, tmp_path):
    announced(tmp_path / "xaynet-a", 1)
    announced(tmp_path / "xaynet-b", 1)
    assert xaynet("watch").refusal == (
        "xaynet: there are several services here: give --data, one of xaynet-a, xaynet-b"
    )


def test_a_folder_that_nobody_serves_is_named(xaynet, tmp_path):
    refusal = xaynet("resume", "--data", tmp_path).refusal
    assert refusal == f"xaynet: no service runs in {tmp_path}: xaynet up FILE starts one"


def test_a_service_that_was_killed_does_not_answer(xaynet, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    announced(tmp_path / "xaynet-a", port)
    for command in (["watch"], ["set", "rounds=3"], ["terminate", "--yes"]):
        refusal = xaynet(*command).refusal
        assert refusal.startswith(f"xaynet: nothing answers at http://127.0.0.1:{port}: ")


def test_a_damaged_file_is_named(xaynet, tmp_path):
    announced(tmp_path / "xaynet-a", 1)
    (tmp_path / "xaynet-a" / "serving.json").write_text("{")
    assert "serving.json is damaged" in xaynet("watch").refusal


def test_a_control_url_needs_a_token_and_stands_alone(xaynet, tmp_path):
    url = "http://127.0.0.1:1"
    refusal = xaynet("pause", "--control", url).refusal
    assert refusal == "xaynet: --control needs --token-file, the file with its token"
    options = ["--control", url, "--token-file", tmp_path / "token"]
    refusal = xaynet("pause", *options).refusal
    assert refusal == f"xaynet: {tmp_path / 'token'} cannot be read: No such file or directory"
    refusal = xaynet("pause", *options, "--data", tmp_path).refusal
    assert refusal == "xaynet: --data and --control name two services: give one of them"


def test_a_url_that_is_none_is_named(xaynet, tmp_path):
    (tmp_path / "token").write_text("t")
    for url in ("nowhere", "ftp://nowhere", "http://[::1"):
        refusal = xaynet("pause", "--control", url, "--token-file", tmp_path / "token").refusal
        assert refusal.startswith(f"xaynet: {url} is no URL of a control API")


def test_a_wrong_token_and_what_is_no_control_api_are_told(xaynet, launch, tmp_path):
    at = launch(Coordinator(tmp_path / "coordinator", SETTINGS))
    (tmp_path / "token").write_text("another one")
    options = ["--token-file", tmp_path / "token"]
    refusal = xaynet("pause", "--control", at.control_url, *options).refusal
    assert refusal.startswith("xaynet: the token is missing or wrong")
    refusal = xaynet("pause", "--control", at.url, *options).refusal
    assert refusal == f"xaynet: what answers at {at.url} is no control API"


def test_without_a_command_there_is_help(xaynet):
    said = xaynet()
    assert said.code == 2
    assert "terminate" in said.out + said.err
