"""What a participant can be made of."""

import pytest

from sdk_rounds import URL, joined
from tiny_coordinator import TinyCoordinator
from xaynet_sdk.exceptions import ParticipantInit, ParticipantRestore
from xaynet_sdk.xaynet_sdk import Participant

WRONG_URLS = (
    "", "abc", "http://", "http:///path", "http://a b", "ftp://host", "file:///x",
    "http://host:99999", "http://host:port", "http://[",
)  # fmt: skip


@pytest.mark.parametrize("url", WRONG_URLS)
def test_a_url_that_names_no_coordinator_is_refused_when_the_participant_is_made(url):
    with pytest.raises(ParticipantInit):
        Participant(url, 1.0)
    saved = Participant(URL, 1.0).save()
    with pytest.raises(ParticipantRestore):
        Participant(url, 1.0, saved)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "https://host/", " http://[::1]:80/a "])
def test_nothing_is_sent_before_the_first_tick(url):
    Participant(url, 1.0)


def test_path_segments_of_the_url_are_kept():
    coordinator = TinyCoordinator()
    for url in ("http://host/a/b", "http://host/a/b/"):
        Participant(url, 1.0, http=joined_http(coordinator)).tick()
    assert coordinator.requests == ["GET /a/b/params"] * 2


def joined_http(coordinator):
    from xaynet_sdk.client import http_client

    return http_client(coordinator.transport())


@pytest.mark.parametrize("size", [0, 184, 185, 193, -1])
def test_a_message_size_without_room_for_data_is_refused_with_a_sentence(size):
    with pytest.raises(ParticipantInit, match=f"max_message_size is {size}: .* at least 194"):
        Participant(URL, 1.0, max_message_size=size)


@pytest.mark.parametrize("scalar", ["1.0", None])
def test_a_scalar_that_is_no_number_is_a_type_error(scalar):
    with pytest.raises(TypeError):
        Participant(URL, scalar)


@pytest.mark.parametrize("scalar", [0, 2, -1.0, float("nan"), float("inf"), True])
def test_any_number_is_a_scalar(scalar):
    joined(TinyCoordinator(), scalar=scalar)


def test_every_new_participant_has_keys_of_its_own():
    assert Participant(URL, 1.0).save() != Participant(URL, 1.0).save()
