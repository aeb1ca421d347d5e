"""Configurations that the released coordinator accepts or refuses, given to ours.

``DIFFERENCES`` lists where we decide otherwise, and why; docs/compatibility.md says the same.
"""

from pathlib import Path

import pytest

from configurations import LATER_SAMPLE, load, problems
from golden import Entry, entries

ENTRIES = entries("settings")

DIFFERENCES = {
    "negative count": "refused: the release reads -1 as 2^64 - 1",
    "model length negative": "refused: the release reads -1 as 2^64 - 1",
    "model length 0": "refused: a model without weights cannot be trained",
    "unknown key": "refused: a misspelt key would silently not count",
    "unknown section": "refused: a misspelt section would silently not count",
    "tls keys without the tls feature": "refused: a certificate without its key cannot be used",
    "bind address host name": "accepted: names such as localhost are resolved",
    "missing log": "accepted: log.filter is info",
    "missing api.bind_address": "accepted: it is 127.0.0.1:8081",
    "missing metrics.influxdb": "accepted: InfluxDB is optional",
    # Not a matter of settings: the release ends at its start, we wait for Redis with a clear error.
    "redis unreachable": "accepted: the store is tried again and again",
}


def accepted_by_the_release(entry: Entry) -> bool:
    return entry["outcome"] == "accepted"


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["name"])
def test_a_configuration_is_taken_as_by_the_release_but_for_the_listed_differences(
    entry: Entry, tmp_path: Path
) -> None:
    told = problems(tmp_path, entry["toml"], entry["env"])
    differs = entry["name"] in DIFFERENCES
    assert (not told) == (accepted_by_the_release(entry) != differs), told


def test_the_listed_differences_are_vectors_and_say_what_we_do() -> None:
    ours = {entry["name"]: not accepted_by_the_release(entry) for entry in ENTRIES}
    for name, reason in DIFFERENCES.items():
        assert reason.startswith("accepted: " if ours[name] else "refused: ")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("min_sum_count 0", "pet.min_sum_count is 0, but must be a whole number, at least 1"),
        ("min_sum_count > max",
         "pet.max_sum_count is 100, but must be at least pet.min_sum_count, which is 101"),
        ("sum 1", "pet.sum is 1.0, but must be a number, more than 0 and less than 1"),
        ("missing pet.sum", "pet.sum is missing; it must be given, for example 0.01"),
        ("missing model", "model.length is missing; it must be given, for example 55117"),
        ("missing redis",
         "redis.url is missing: give it, or data.directory to run without Redis"),
        ("unknown key", "pet.foo is not a setting"),
        ("unknown section", "foo is not a setting"),
        ("env not a number", 'pet.sum.prob (XAYNET_PET__SUM) is "abc", but must be a number'),
        ("bind address without port", 'api.bind_address is "127.0.0.1", but must be a host and'),
        ("negative count", "pet.max_update_count is -1, but must be a whole number, at least 3"),
    ],
)  # fmt: skip
def test_a_refusal_names_the_key_as_its_author_wrote_it(
    name: str, sentence: str, tmp_path: Path
) -> None:
    [entry] = [entry for entry in ENTRIES if entry["name"] == name]
    [told] = problems(tmp_path, entry["toml"], entry["env"])
    assert told.startswith(sentence)


def test_the_later_layout_gives_the_same_settings_as_the_release_s(tmp_path: Path) -> None:
    release = load(tmp_path, ENTRIES[0]["toml"])
    later = load(tmp_path, LATER_SAMPLE)
    assert release.pet is not None
    assert later.pet is not None
    assert release.pet.update.count == later.pet.update.count
    assert release.pet.model == later.pet.model
    assert release.pet.mask == later.pet.mask
    assert (release.pet.sum.prob, later.pet.sum.prob) == (0.5, 0.01)


def test_lenient_conversions_of_the_release_are_kept_with_a_warning(tmp_path: Path) -> None:
    by_name = {entry["name"]: entry for entry in ENTRIES}
    settings = load(tmp_path, by_name["count with fraction"]["toml"])
    assert settings.pet is not None
    assert settings.pet.sum.count.min == 2
    assert settings.pet.update.count.max == 1000
    assert settings.warnings == (
        "pet.min_sum_count is 2.7, but must be whole: 2 is used",
        "pet.max_update_count is 10000, more than mask.model_type M3 can add up: 1000 is used",
    )
