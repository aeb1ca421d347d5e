"""The sections of the settings: defaults, forms of values, and what must fit together."""

from pathlib import Path
from typing import Annotated

import pytest
from pydantic import TypeAdapter

from configurations import LATER_SAMPLE, load, problems
from definitions import fields_of
from xaynet_coordinator.settings import Address, Settings
from xaynet_coordinator.settings.table import page
from xaynet_pet import PetParameters
from xaynet_pet.parameters import EXAMPLE

PET = PetParameters.model_validate(EXAMPLE)


def test_the_defaults_are_those_of_the_documentation(tmp_path: Path) -> None:
    settings = Settings.model_validate({"data": {"directory": tmp_path}, "pet": PET})
    assert settings.api.bind_address == Address("127.0.0.1", 8081)
    assert settings.api.max_message_bytes == 512 * 2**20
    assert settings.api.max_inflight_bytes == 2**30
    assert settings.api.idle_timeout == 75
    assert settings.control.bind_address is None
    assert settings.log.filter == "info"
    assert settings.restore.enable is None
    assert settings.round.rounds is None
    assert settings.at_rest_key_file == tmp_path / "at_rest.key"
    assert settings.warnings == ()


def test_a_redis_without_s3_keeps_models_in_the_default_folder() -> None:
    settings = Settings.model_validate({"redis": {"url": "redis://redis"}, "pet": PET})
    assert settings.directory == Path("xaynet-data")
    assert settings.s3 is None


def test_the_buckets_have_the_names_of_the_release(tmp_path: Path) -> None:
    s3 = load(tmp_path, LATER_SAMPLE).s3
    assert s3 is not None
    assert (s3.buckets.global_models, s3.buckets.rounds) == ("global-models", "xaynet-rounds")
    assert (s3.region_name, s3.endpoint) == ("minio", "http://minio:9000")


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ("[api]\ntls_key = 'k'", "api.tls_key is given, but api.tls_certificate is not: give both"),
        ("[api]\ntls_client_auth = 'c'", "api.tls_client_auth is given, but api.tls_key is not"),
        ("[api]\nmax_message_bytes = 2147483648",
         "api.max_inflight_bytes is 1073741824, but must be at least api.max_message_bytes, which"),
        ("[control]\nbind_address = '127.0.0.1:1'",
         "control.bind_address is given, but neither control.token nor control.token_file is"),
        ("[control]\ntoken = 'a'\ntoken_file = 'b'",
         "control.token and control.token_file are both given: give one"),
        ("[control]\nwait_for_desired = true",
         "control.wait_for_desired is true, but control.bind_address is not given"),
        ("[s3]\naccess_key = 'a'\nsecret_access_key = 'b'\nregion = ['c']",
         "s3 is given, but redis.url is not: S3 is used together with Redis only"),
        ("[chunks]\nmax_bytes_total = 4096", "chunks.max_bytes_total is 4096, but must be at"),
        ("[round]\nrounds = 0", "round.rounds is 0, but must be a whole number, at least 1"),
        ("[round]\nuid = 'a/b'", 'round.uid is "a/b", but must be 1 to 63 of A-Z, a-z, 0-9'),
        ("[round]\ninitial_model = 's3://models/a.npy'",
         "round.initial_model is in a bucket, but s3 is not given"),
        ("[round]\ninitial_model = 's3://models'",
         'round.initial_model is "s3://models", but must be s3://bucket/key, or the path'),
        ("[round]\ninitial_model = 's3://M/a'", 'round.initial_model is "s3://M/a", but must be'),
        ("[round]\ninitial_model = ''", 'round.initial_model is "", but must be s3://bucket/key'),
        ("[log]\nformat = 'xml'", 'log.format is "xml", but must be one of text, json'),
        ("[api]\nidle_timeout = 0", "api.idle_timeout is 0, but must be a number, more than 0"),
        ("[restore]\nenable = 'maybe'", 'restore.enable is "maybe", but must be true or false'),
        ("[control]\ntoken = ''", "control.token (its value is not shown here) must be a text"),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_refused(more: str, sentence: str, tmp_path: Path) -> None:
    sample = LATER_SAMPLE[LATER_SAMPLE.index("[pet.sum]") : LATER_SAMPLE.index("[metrics")]
    told = problems(tmp_path, f"{sample}\n[data]\ndirectory = 'x'\n{more}")
    assert len(told) == 1
    assert told[0].startswith(sentence)


def test_nothing_may_be_missing_but_what_the_control_api_will_bring(tmp_path: Path) -> None:
    [sentence] = problems(tmp_path, "[data]\ndirectory = 'x'")
    assert sentence == (
        "pet is missing: give it, or set control.wait_for_desired to be told by the control API"
    )


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8081", Address("127.0.0.1", 8081)),
        ("0.0.0.0:0", Address("0.0.0.0", 0)),
        ("[::1]:8081", Address("::1", 8081)),
        ("localhost:65535", Address("localhost", 65535)),
        ("coordinator.learning.svc:1", Address("coordinator.learning.svc", 1)),
    ],
)
def test_an_address_is_a_host_and_a_port(text: str, address: Address) -> None:
    assert Address.parse(text) == address
    assert str(address) == text


@pytest.mark.parametrize(
    "text",
    ["", ":", "8081", "127.0.0.1", "localhost:", ":8081", "::1:8081", "[::1]", "[::g]:1",
     "[127.0.0.1]:1", "a:65536", "a:-1", "a:٣", "a b:1", "-a:1", "http://a:1", "a:1 ", "a..b:1"],
)  # fmt: skip
def test_what_is_not_an_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Address.parse(text)


def accepts(key: str, value: object, tmp_path: Path) -> bool:
    section, _, name = key.rpartition(".")
    base = {
        "data": {"directory": tmp_path},
        "pet": PET,
        "redis": {"url": "redis://redis"},
        "s3": {"access_key": "a", "secret_access_key": "b", "region": ["c"], "buckets": {}},
        "log": {},
        "metrics": {"influxdb": {"url": "http://influxdb", "db": "metrics"}},
    }
    target: object = base
    for part in section.split("."):
        assert isinstance(target, dict)
        target = target[part]
    assert isinstance(target, dict)
    target[name] = value
    try:
        Settings.model_validate(base)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("redis.url",
         ["redis://h", "redis://h:1/0", "redis://:p@h", "redis://u:p@h:6379/15", "rediss://h/"],
         ["foo", "", "http://h", "redis://", "redis://h:x", "redis://h:99999", "redis://h/a"]),
        ("metrics.influxdb.url",
         ["http://h", "https://u:p@h:8086/x?y"], ["x", "ftp://h", "http://", "http://h:0"]),
        ("s3.region",
         [["eu-west-1"], ["minio", "http://minio:9000"], "minio http://minio:9000"],
         [[], [""], ["a", "b"], ["a", "http://b", "c"], "", [1], 7]),
        ("s3.buckets.rounds",
         ["abc", "a.b-c", "0" * 63],
         ["ab", "0" * 64, "Abc", "a_b", "-ab", "ab-", "a..b", "127.0.0.1", "global-models"]),
        ("log.filter",
         ["info", "WARN", "off", "0", "xaynet=debug,http=warn,info", "a::b=trace", "a.b=info",
          "xaynet", "[span]=info", "a[span{field=1}]=debug", "xaynet=", "info, xaynet=debug"],
         ["", "a=b=c", "a=b", "=info", "a,,b", "a b", "xaynet=6"]),
    ],
)  # fmt: skip
def test_values_have_their_form(
    key: str, good: list[object], bad: list[object], tmp_path: Path
) -> None:
    assert [value for value in good if not accepts(key, value, tmp_path)] == []
    assert [value for value in bad if accepts(key, value, tmp_path)] == []


def test_every_setting_has_a_description_and_valid_examples() -> None:
    for path, field in fields_of(Settings):
        assert field.description, path
        assert field.examples, path
        adapter = TypeAdapter(Annotated[field.annotation, *field.metadata, path])
        for example in field.examples:
            adapter.validate_python(example)


def test_the_page_of_settings_is_up_to_date() -> None:
    written = Path(__file__).parents[2] / "docs" / "settings.md"
    assert written.read_text(encoding="utf-8") == page(), (
        "run python -m xaynet_coordinator.settings.table docs/settings.md"
    )
