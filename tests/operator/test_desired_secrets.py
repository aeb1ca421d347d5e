"""The values of generated Secrets: drawn once, kept, and made again only where one is lost."""

from hashlib import sha256
from itertools import count
from urllib.parse import urlsplit

import pytest

from rounds_on_kubernetes import SPECS, facts, objects_of, served
from xaynet_operator.facts import Stage
from xaynet_operator.generated import Drawn, draw, entries_of, missing


def counted():
    """Random bytes that differ from draw to draw, and are the same in every run."""
    numbers = count()
    return lambda size: sha256(str(next(numbers)).encode()).digest()[:size]


def test_a_service_with_managed_stores_has_four_secrets():
    names = {
        name: [entry.name for entry in entries] for name, entries in entries_of(served()).items()
    }
    assert names == {
        "digits-control": ["token"],
        "digits-rounds": ["key"],
        "digits-redis": ["password", "url", "auth.conf"],
        "digits-minio": ["accesskey", "secretkey"],
    }


def test_nothing_is_drawn_for_external_stores():
    cr = served(**SPECS["external stores"])
    assert entries_of(cr).keys() == {"digits-control", "digits-rounds"}


def test_an_ended_service_draws_nothing_but_for_models_that_are_retained():
    assert entries_of(served(), Stage.ENDED).keys() == {"digits-minio"}
    assert not entries_of(served(**SPECS["models deleted"]), Stage.ENDED)


def test_the_key_of_the_rounds_is_32_raw_bytes():
    (key,) = entries_of(served())["digits-rounds"]
    assert draw(key, lambda size: bytes(range(size))) == bytes(range(32))


def test_the_token_is_a_text_of_32_bytes():
    (token,) = entries_of(served())["digits-control"]
    assert bytes.fromhex(draw(token, lambda size: b"\xff" * size).decode()) == b"\xff" * 32


def test_the_url_and_the_settings_of_redis_carry_its_password():
    values = missing(entries_of(served())["digits-redis"], {}, counted())
    password = values["password"].decode()
    url = urlsplit(values["url"].decode())
    assert (url.scheme, url.hostname, url.port) == ("redis", "digits-redis", 6379)
    assert (url.username, url.password, url.path) == ("", password, "/0")
    assert values["auth.conf"].decode() == f"requirepass {password}\n"


def test_what_a_secret_has_is_kept():
    entries = entries_of(served())["digits-minio"]
    values = missing(entries, {}, counted())
    assert values.keys() == {"accesskey", "secretkey"}
    assert missing(entries, values, counted()) == {}


@pytest.mark.parametrize("lost", ["url", "auth.conf"])
def test_what_is_made_of_another_entry_is_made_again_as_it_was(lost):
    entries = entries_of(served())["digits-redis"]
    values = missing(entries, {}, counted())
    left = {name: value for name, value in values.items() if name != lost}
    assert missing(entries, left, counted()) == {lost: values[lost]}


def test_with_a_new_password_everything_made_of_it_is_new():
    entries = entries_of(served())["digits-redis"]
    random = counted()
    values = missing(entries, {}, random)
    again = missing(entries, {**values, "password": b""}, random)
    assert again.keys() == values.keys()
    assert all(again[name] != values[name] for name in values)


def test_entries_of_somebody_else_are_left_alone():
    assert missing((Drawn("token"),), {"token": b"t", "note": b"n"}, counted()) == {}


@pytest.mark.parametrize("stage", [Stage.SERVING, Stage.ERASING])
def test_every_entry_that_a_pod_reads_of_a_generated_secret_is_one_of_it(stage):
    cr = served()
    entries = {(name, entry.name) for name, made in entries_of(cr, stage).items() for entry in made}
    used = set(references(objects_of(cr, facts(stage))))
    assert used <= entries
    assert used >= entries - {("digits-redis", "password")}


def references(objects):
    for one in objects.values():
        pod = one.get("spec", {}).get("template", {}).get("spec", {})
        for container in pod.get("containers", []):
            for variable in container["env"]:
                if "valueFrom" in variable:
                    reference = variable["valueFrom"]["secretKeyRef"]
                    yield reference["name"], reference["key"]
        for volume in pod.get("volumes", []):
            for item in volume.get("secret", {}).get("items", []):
                yield volume["secret"]["secretName"], item["key"]
