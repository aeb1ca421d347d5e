"""From a manifest to the settings of a coordinator without a cluster."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from embedded import MANIFEST, manifest
from xaynet_cli.embedded import Place, needs_restart, settings_of
from xaynet_operator.resource import FederatedRound

PLACE = Place(Path("data"), "127.0.0.1:8081", "127.0.0.1:0", "a token")


def read(**spec):
    return FederatedRound.parse(manifest(**spec))


def test_a_service_without_a_cluster_keeps_everything_in_its_folder():
    settings = settings_of(read(), PLACE)
    assert (settings.redis, settings.s3) == (None, None)
    assert settings.directory == Path("data")


def test_its_addresses_and_the_token_are_those_of_the_place():
    settings = settings_of(read(), PLACE)
    assert str(settings.api.bind_address) == "127.0.0.1:8081"
    assert str(settings.control.bind_address) == "127.0.0.1:0"
    assert settings.control.token.get_secret_value() == "a token"
    assert "a token" not in f"{PLACE!r} {settings!r}"


def test_what_may_change_while_it_runs_is_waited_for():
    settings = settings_of(read(), PLACE)
    assert settings.control.wait_for_desired
    assert (settings.pet, settings.round.rounds) == (None, None)


def test_the_number_of_models_that_are_kept_and_influxdb_come_from_the_manifest():
    settings = settings_of(
        read(models={"keep": 3}, metrics={"influxdb": {"url": "http://influx:8086", "db": "m"}}),
        PLACE,
    )
    assert settings.round.models_keep == 3
    assert settings.metrics.influxdb.location == "http://influx:8086"
    assert settings.metrics.influxdb.db == "m"


def test_the_same_manifest_gives_the_same_settings():
    assert settings_of(read(), PLACE) == settings_of(FederatedRound.parse(MANIFEST), PLACE)


def test_fields_that_mean_nothing_without_a_cluster_are_named():
    secret = {"credentialsSecretRef": {"name": "s3"}}
    spec = {
        "pause": {"scaleToZero": True},
        "coordinator": {"replicas": 1},
        "redis": {"managed": {"storage": "1Gi"}},
        "models": {"external": {"bucket": "digits"} | secret, "deletionPolicy": "Delete"},
        "exposure": {},
    }
    (sentence,) = settings_of(read(**spec), PLACE).warnings
    assert sentence == (
        "without a cluster these fields have no effect: spec.pause.scaleToZero, "
        "spec.coordinator, spec.redis, spec.models.external, spec.models.deletionPolicy, "
        "spec.exposure"
    )
    assert settings_of(read(pause={"scaleToZero": False}), PLACE).warnings == ()


@pytest.mark.parametrize("wrong", [{"address": "127.0.0.1"}, {"log": "loud,"}])
def test_a_place_that_cannot_be_is_refused(wrong):
    place = Place(
        Path("data"),
        **({"address": "127.0.0.1:1"} | {"control": "[::1]:0"} | {"token": "t"} | wrong),
    )
    with pytest.raises(ValidationError):
        settings_of(read(), place)


def test_an_edit_that_counts_from_the_next_start_on_is_told():
    assert needs_restart(read(), read(rounds=7)) == []
    assert needs_restart(read(), read(models={"keep": 3})) == ["spec.models.keep"]
