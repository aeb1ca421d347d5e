"""Files, the environment, and what comes of both."""

import contextlib
import json
import os
import tomllib
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from configurations import LATER_SAMPLE, RELEASE_SAMPLE, load, problems
from xaynet_coordinator.settings import Address, Settings, SettingsError
from xaynet_coordinator.settings.loading import keys_of_settings

EMBEDDED = LATER_SAMPLE.replace("[redis]\nurl", "[data]\ndirectory")
EMBEDDED = EMBEDDED[: EMBEDDED.index("[s3]")]


def test_toml_yaml_and_json_say_the_same(tmp_path: Path) -> None:
    document = tomllib.loads(LATER_SAMPLE)
    expected = load(tmp_path, LATER_SAMPLE)
    assert load(tmp_path, yaml.safe_dump(document), name="config.yaml") == expected
    assert load(tmp_path, yaml.safe_dump(document), name="config.yml") == expected
    assert load(tmp_path, json.dumps(document), name="config.JSON") == expected


@pytest.mark.parametrize(
    ("name", "text", "ending"),
    [
        ("config.ini", "", "must end in one of .toml, .yaml, .yml, .json, which tell its format"),
        ("config", "", "must end in one of .toml, .yaml, .yml, .json, which tell its format"),
        ("config.toml", "[pet", "is not valid: Expected ']' at the end of a table declaration"),
        ("config.json", "{", "is not valid: Expecting property name enclosed in double quotes"),
        ("config.yaml", "a: [1", "is not valid: expected ',' or ']', but got '<stream end>'"),
        ("config.yaml", "\x00", "is not valid: it holds characters that YAML does not allow"),
        ("config.yaml", "a: &a {b: *a}", "is not valid: Circular reference detected"),
        ("config.yaml", "? !!timestamp 2026-01-01\n: 1", "is not valid: it holds values that"),
        ("config.yaml", "- 1", "must hold sections with settings"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_a_sentence(
    name: str, text: str, ending: str, tmp_path: Path
) -> None:
    [sentence] = problems(tmp_path, text, name=name)
    assert sentence.startswith(f"{tmp_path / name} {ending}")


def test_a_file_that_is_not_there_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere.toml cannot be read: No such file"):
        Settings.load(tmp_path / "nowhere.toml", {})


def test_a_file_that_is_not_text_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="it is not UTF-8 text"):
        Settings.load(tmp_path / "config.toml", {})


def test_yaml_that_does_not_parse_does_not_show_the_lines_around_it(tmp_path: Path) -> None:
    [sentence] = problems(tmp_path, 'redis: {url: "hunter2"\nx', name="config.yaml")
    assert "hunter2" not in sentence


def test_both_layouts_may_stand_in_one_file(tmp_path: Path) -> None:
    mixed = LATER_SAMPLE.replace("[pet.sum2]\ncount = { min = 1, max = 100 }", "[pet.sum2]")
    mixed = "[pet]\nmin_sum2_count = 2\nmax_sum2_count = 7\n" + mixed
    pet = load(tmp_path, mixed).pet
    assert pet is not None
    assert (pet.sum2.count.min, pet.sum2.count.max, pet.sum2.time.max) == (2, 7, 3600)


def test_the_same_setting_in_both_layouts_must_agree(tmp_path: Path) -> None:
    agreeing = f"[pet]\nmin_sum_count = 1\n{LATER_SAMPLE}"
    assert not problems(tmp_path, agreeing)
    [sentence] = problems(tmp_path, agreeing.replace("min_sum_count = 1", "min_sum_count = 2"))
    assert sentence == ("pet.min_sum_count and pet.sum.count.min are the same setting, but differ")


def test_every_key_can_be_given_by_both_forms_of_the_environment() -> None:
    for key in keys_of_settings().all:
        later, release = key.variables
        assert later.startswith("XAYNET__")
        assert release.startswith("XAYNET_")
        assert not release.startswith("XAYNET__")
    names = {key.name: key.variables for key in keys_of_settings().all}
    assert names["pet.sum.count.min"] == (
        "XAYNET__PET__SUM__COUNT__MIN",
        "XAYNET_PET__MIN_SUM_COUNT",
    )
    assert names["redis.url"] == ("XAYNET__REDIS__URL", "XAYNET_REDIS__URL")


@pytest.mark.parametrize(
    "variable",
    [
        "XAYNET_PET__MIN_SUM_COUNT",
        "XAYNET__PET__SUM__COUNT__MIN",
        "xaynet_pet__min_sum_count",
        "Xaynet__Pet__Sum__Count__Min",
    ],
)
@pytest.mark.parametrize("sample", [RELEASE_SAMPLE, LATER_SAMPLE], ids=["release", "later"])
def test_the_environment_overrides_the_file(variable: str, sample: str, tmp_path: Path) -> None:
    pet = load(tmp_path, sample, {variable: "7"}).pet
    assert pet is not None
    assert pet.sum.count.min == 7


def test_both_forms_of_a_variable_must_agree(tmp_path: Path) -> None:
    environ = {"XAYNET_REDIS__URL": "redis://a", "XAYNET__REDIS__URL": "redis://b"}
    [sentence] = problems(tmp_path, LATER_SAMPLE, environ)
    assert sentence == (
        "redis.url (XAYNET_REDIS__URL) and redis.url (XAYNET__REDIS__URL) "
        "are the same setting, but differ"
    )


@pytest.mark.parametrize(
    ("variable", "hint"),
    [
        ("XAYNET_PET__SUM__COUNT__MIN", "; did you mean XAYNET__PET__SUM__COUNT__MIN?"),
        ("XAYNET__PET__MIN_UPDATE_COUNT", "; did you mean XAYNET_PET__MIN_UPDATE_COUNT?"),
        ("XAYNET_PORT_8081_TCP_ADDR", ""),
    ],
)
def test_an_unknown_variable_is_ignored_with_a_warning(
    variable: str, hint: str, tmp_path: Path
) -> None:
    settings = load(tmp_path, LATER_SAMPLE, {variable: "secret", "OTHER": "x"})
    assert settings.warnings == (f"{variable} is not a setting and is ignored{hint}",)


def test_the_environment_alone_is_enough() -> None:
    environ = {
        "XAYNET_DATA__DIRECTORY": "/var/lib/xaynet",
        "XAYNET_CONTROL__BIND_ADDRESS": "127.0.0.1:8082",
        "XAYNET_CONTROL__TOKEN_FILE": "/token",
        "XAYNET_CONTROL__WAIT_FOR_DESIRED": "true",
    }
    settings = Settings.load(None, environ)
    assert settings.pet is None
    assert settings.directory == Path("/var/lib/xaynet")
    assert settings.control.bind_address == Address("127.0.0.1", 8082)
    assert settings.control.wait_for_desired


def test_a_region_with_its_endpoint_is_one_text_in_the_environment(tmp_path: Path) -> None:
    environ = {"XAYNET_S3__REGION": "elsewhere http://other:9000"}
    s3 = load(tmp_path, LATER_SAMPLE, environ).s3
    assert s3 is not None
    assert (s3.region_name, s3.endpoint) == ("elsewhere", "http://other:9000")


def test_an_empty_path_is_not_the_working_directory(tmp_path: Path) -> None:
    [sentence] = problems(tmp_path, EMBEDDED, {"XAYNET_DATA__DIRECTORY": ""})
    assert sentence == 'data.directory (XAYNET_DATA__DIRECTORY) is "", but must be a path'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("redis = 3\n", "redis is a single value, but must be a section"),
        ("[redis.url]\nx = 1\n", "redis.url is a section, but must be a single value"),
        ("[pett]\nmin_sum_count = 1\n", "pett is not a setting; did you mean pet?"),
        ("[pet]\nmin_sum_cout = 1\n", "pet.min_sum_cout is not a setting; did you mean pet.min_s"),
        ("[trust_anchor]\nx = 1\n", "trust_anchor.x is not a setting"),
        ("[s3.bucket]\nglobal_models = 'abc'\n", "s3.bucket is not a setting; did you mean s3.buc"),
    ],
)
def test_what_is_not_a_setting_is_refused(text: str, sentence: str, tmp_path: Path) -> None:
    assert problems(tmp_path, text)[0].startswith(sentence)


def test_an_error_s_text_holds_its_sentences_line_by_line() -> None:
    assert str(SettingsError(iter(["a is 1", "b is 2"]))) == "a is 1\nb is 2"


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    text = RELEASE_SAMPLE.replace("min_sum_time = 5", "min_sum_tim = 5").replace("M3", "M4")
    text = text.replace("max_sum_time = 3600\n", "").replace("redis://", "rodis://")
    told = problems(tmp_path, text)
    assert [sentence.split(" ")[0] for sentence in told] == [
        "pet.min_sum_tim", "mask.model_type", "pet.max_sum_time", "redis.url"
    ]  # fmt: skip


def test_a_count_beyond_the_masks_is_refused_where_lowering_it_does_not_help(
    tmp_path: Path,
) -> None:
    text = RELEASE_SAMPLE.replace("min_update_count = 3", "min_update_count = 5000")
    [sentence] = problems(tmp_path, text)
    assert sentence == (
        "pet.max_update_count is 10000, but must be at most 1000, "
        "the most that mask.model_type M3 can add up"
    )


def test_no_secret_is_ever_shown(tmp_path: Path) -> None:
    secrets = {
        "XAYNET_REDIS__URL": "redis://user:hunter2@redis",
        "XAYNET_S3__SECRET_ACCESS_KEY": "hunter2",
        "XAYNET_CONTROL__TOKEN": "hunter2",
        "XAYNET_CONTROL__BIND_ADDRESS": "127.0.0.1:8082",
        "XAYNET_METRICS__INFLUXDB__URL": "http://user:hunter2@influxdb:8086?p=hunter2",
    }
    loaded = load(tmp_path, LATER_SAMPLE, secrets)
    assert "hunter2" not in f"{loaded!r} {loaded} {loaded.model_dump_json()}"
    assert loaded.redis is not None
    assert loaded.redis.location == "redis://redis"
    assert loaded.redis.url.get_secret_value() == "redis://user:hunter2@redis"
    assert loaded.metrics.influxdb is not None
    assert loaded.metrics.influxdb.location == "http://influxdb:8086"

    wrong = {name: f"hunter2 {value}" for name, value in secrets.items()}
    wrong["XAYNET_S3__SECRET_ACCES_KEY"] = "hunter2"
    text = LATER_SAMPLE.replace("access_key =", "acces_key =").replace("minio123", "hunter2")
    with pytest.raises(SettingsError) as refused:
        load(tmp_path, text, wrong)
    shown = [line for line in refused.value.sentences if "control.bind_address" not in line]
    assert len(shown) >= 4
    assert "hunter2" not in "".join(shown)
    assert refused.value.__context__ is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.dictionaries(
    st.sampled_from([name for key in keys_of_settings().all for name in key.variables]),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8),
    max_size=4,
))  # fmt: skip
def test_no_environment_makes_loading_fail_in_another_way(environ: dict[str, str]) -> None:
    with contextlib.suppress(SettingsError):
        Settings.load(None, {"XAYNET_DATA__DIRECTORY": os.curdir} | environ)
