"""The coordinator's pod: what its program reads at its start is what the resource asks for."""

from pathlib import Path

import pytest

from rounds_on_kubernetes import SPECS, UID, container_of, facts, objects_of, pods_in, served
from xaynet_coordinator.settings import Settings
from xaynet_operator.facts import Stage

# What the Secrets would hold, by name and entry.
VALUES = {
    ("digits-redis", "url"): "redis://:generated@digits-redis:6379/0",
    ("digits-minio", "accesskey"): "generated-id",
    ("digits-minio", "secretkey"): "generated-secret",
    ("redis-elsewhere", "uri"): "rediss://:theirs@redis.example.org:6380/1",
    ("s3-models", "accesskey"): "models-id",
    ("s3-models", "secretkey"): "models-secret",
    ("s3-rounds", "id"): "rounds-id",
    ("s3-rounds", "secret"): "rounds-secret",
}


def config_of(cr) -> str:
    return objects_of(cr)["ConfigMap/digits-coordinator"]["data"]["config.toml"]


def coordinator(cr):
    return pods_in(objects_of(cr))["Deployment/digits-coordinator"]


def environment(cr) -> dict[str, str]:
    """The variables as the pod has them."""
    references = {
        variable["name"]: variable["valueFrom"]["secretKeyRef"]
        for variable in container_of(coordinator(cr))["env"]
    }
    return {name: VALUES[(one["name"], one["key"])] for name, one in references.items()}


def settings_of(cr, folder: Path) -> Settings:
    """What the coordinator makes of its file and its environment; it warns of nothing."""
    file = folder / "config.toml"
    file.write_text(config_of(cr))
    settings = Settings.load(file, environment(cr))
    assert settings.warnings == ()
    return settings


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS.keys())
def test_the_coordinator_takes_its_settings_and_waits_for_the_operator(spec, tmp_path):
    settings = settings_of(served(**spec), tmp_path)
    assert settings.control.wait_for_desired
    assert (settings.pet, settings.round.rounds) == (None, None)
    assert settings.round.uid == UID
    assert settings.log.format == "json"
    assert (settings.api.bind_address.port, settings.control.bind_address.port) == (8081, 8082)


def test_with_managed_stores_it_uses_their_services_and_generated_secrets(tmp_path):
    settings = settings_of(served(), tmp_path)
    assert settings.redis.url.get_secret_value() == "redis://:generated@digits-redis:6379/0"
    assert settings.s3.endpoint == "http://digits-minio:9000"
    assert settings.s3.access_key == "generated-id"
    assert settings.s3.secret_access_key.get_secret_value() == "generated-secret"
    assert settings.s3.rounds is None
    assert settings.s3.buckets.global_models == "global-models"
    assert settings.s3.buckets.rounds == "xaynet-rounds"


def test_with_external_stores_it_uses_the_secrets_that_are_named(tmp_path):
    settings = settings_of(served(**SPECS["external stores"]), tmp_path)
    assert settings.redis.url.get_secret_value() == "rediss://:theirs@redis.example.org:6380/1"
    assert (settings.s3.region_name, settings.s3.endpoint) == (
        "eu-west-1",
        "https://s3.example.org",
    )
    assert settings.s3.access_key == "models-id"
    assert settings.s3.rounds.access_key == "rounds-id"
    assert settings.s3.rounds.secret_access_key.get_secret_value() == "rounds-secret"
    assert settings.s3.buckets.global_models == "digits-models"
    assert settings.s3.buckets.rounds == "digits-rounds"


@pytest.mark.parametrize("bucket", ["digits", "a" * 63, f"{'a' * 55}.b"])
def test_with_one_bucket_only_the_rounds_get_one_of_their_own_beside_it(bucket, tmp_path):
    secret = {"credentialsSecretRef": {"name": "s3-models"}}
    cr = served(models={"external": {"bucket": bucket, **secret}})
    buckets = settings_of(cr, tmp_path).s3.buckets
    assert buckets.global_models == bucket
    assert buckets.rounds.endswith("-rounds")


def test_without_an_endpoint_it_is_that_of_aws(tmp_path):
    secret = {"credentialsSecretRef": {"name": "s3-models"}}
    cr = served(models={"external": {"bucket": "digits", "region": "eu-central-1", **secret}})
    settings = settings_of(cr, tmp_path)
    assert (settings.s3.region_name, settings.s3.endpoint) == ("eu-central-1", None)


def test_every_field_that_needs_a_restart_arrives(tmp_path):
    settings = settings_of(served(**SPECS["everything"]), tmp_path)
    assert settings.api.max_message_bytes == 2**20
    assert settings.round.models_keep == 3
    assert settings.round.initial_model == "s3://models/first.npy"
    assert settings.log.filter == 'xaynet[{id="a\\b"}]=debug,info'
    assert settings.metrics.influxdb.url.get_secret_value() == "http://influxdb:8086"
    assert settings.metrics.influxdb.db == 'a "quoted" name \x7f'


def test_the_largest_message_that_can_be_asked_for_has_room(tmp_path):
    settings = settings_of(served(coordinator={"maxMessageBytes": 2**40}), tmp_path)
    assert settings.api.max_inflight_bytes == 2**40
    assert settings.chunks.max_bytes_per_participant == 2**40


def test_the_files_that_the_settings_name_are_mounted(tmp_path):
    settings = settings_of(served(), tmp_path)
    files = mounted_files(coordinator(served()))
    assert files[str(settings.control.token_file)] == ("digits-control", "token")
    assert files[str(settings.at_rest.key_file)] == ("digits-rounds", "key")


def mounted_files(template):
    volumes = {one["name"]: one["secret"] for one in template["spec"]["volumes"] if "secret" in one}
    return {
        f"{mount['mountPath']}/{item['path']}": (volumes[mount["name"]]["secretName"], item["key"])
        for mount in container_of(template)["volumeMounts"]
        if mount["name"] in volumes
        for item in volumes[mount["name"]]["items"]
    }


def test_there_is_never_a_second_coordinator_beside_the_first():
    deployment = objects_of(served())["Deployment/digits-coordinator"]["spec"]
    assert (deployment["replicas"], deployment["strategy"]) == (1, {"type": "Recreate"})


def test_it_has_time_to_answer_what_it_has_accepted_before_it_ends():
    assert coordinator(served())["spec"]["terminationGracePeriodSeconds"] == 30


def test_it_is_probed_on_the_control_port():
    container = container_of(coordinator(served()))
    paths = {
        probe: container[probe]["httpGet"]
        for probe in ("startupProbe", "livenessProbe", "readinessProbe")
    }
    assert paths == {
        "startupProbe": {"path": "/healthz", "port": "control"},
        "livenessProbe": {"path": "/healthz", "port": "control"},
        "readinessProbe": {"path": "/readyz", "port": "control"},
    }


def test_the_job_erases_within_the_time_that_a_terminated_service_has():
    job = objects_of(served(), facts(Stage.ERASING))["Job/digits-erase"]["spec"]
    assert (job["activeDeadlineSeconds"], job["backoffLimit"]) == (45, 2)
    assert job["template"]["spec"]["restartPolicy"] == "Never"


def test_the_job_reads_what_the_coordinator_reads():
    cr = served(**SPECS["everything"])
    erasing = pods_in(objects_of(cr, facts(Stage.ERASING)))["Job/digits-erase"]
    ours, theirs = container_of(erasing), container_of(coordinator(cr))
    for field in ("image", "command", "env", "volumeMounts", "resources", "securityContext"):
        assert ours[field] == theirs[field]
    assert erasing["spec"]["volumes"] == coordinator(cr)["spec"]["volumes"]
    assert not any(field.endswith("Probe") for field in ours)


@pytest.mark.parametrize(
    ("spec", "with_models"),
    [
        ("minimal", False),
        ("models deleted", False),
        ("external stores", False),
        ("external models, deleted", True),
    ],
)
def test_models_are_erased_by_name_only_where_no_volume_goes_with_them(spec, with_models):
    objects = objects_of(served(**SPECS[spec]), facts(Stage.ERASING))
    arguments = container_of(pods_in(objects)["Job/digits-erase"])["args"]
    words = ["erase", "-c", "/etc/xaynet/config.toml", "--timeout", "35"]
    assert arguments == words + (["--models"] if with_models else [])
