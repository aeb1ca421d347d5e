"""The managed Redis and MinIO, and that the real programs take what they are told."""

import subprocess
from pathlib import Path

import pytest
import redis

from parts import program
from processes import Server
from rounds_on_kubernetes import SPECS, container_of, objects_of, pods_in, served
from running import S3Server

PASSWORD = "3f" * 32
PROBES = ("startupProbe", "livenessProbe", "readinessProbe")


def claim(component, **spec):
    return objects_of(served(**spec))[f"PersistentVolumeClaim/digits-{component}"]["spec"]


@pytest.mark.parametrize(("component", "size"), [("redis", "1Gi"), ("minio", "10Gi")])
def test_a_volume_is_of_the_cluster_s_own_class_unless_one_is_given(component, size):
    assert claim(component) == {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": size}},
    }


def test_size_and_class_of_the_volumes_are_the_resource_s():
    everything = SPECS["everything"]
    assert claim("redis", **everything)["storageClassName"] == "fast"
    assert claim("minio", **everything)["storageClassName"] == "slow"
    assert claim("minio", **everything)["resources"]["requests"]["storage"] == "20Gi"


def test_a_class_that_is_empty_on_purpose_is_passed_on():
    assert claim("redis", redis={"managed": {"storageClassName": ""}})["storageClassName"] == ""


@pytest.mark.parametrize("component", ["redis", "minio"])
def test_the_pod_uses_the_claim(component):
    pod = pods_in(objects_of(served()))[f"StatefulSet/digits-{component}"]["spec"]
    claims = [one for one in pod["volumes"] if "persistentVolumeClaim" in one]
    assert [one["persistentVolumeClaim"]["claimName"] for one in claims] == [f"digits-{component}"]
    mounts = {
        one["name"]: one["mountPath"] for one in container_of_store(component)["volumeMounts"]
    }
    assert mounts[claims[0]["name"]] == "/data"


def container_of_store(component):
    return container_of(pods_in(objects_of(served()))[f"StatefulSet/digits-{component}"])


@pytest.mark.parametrize("component", ["redis", "minio"])
def test_a_pod_that_never_became_ready_is_replaced_by_a_better_one(component):
    stateful_set = objects_of(served())[f"StatefulSet/digits-{component}"]
    assert stateful_set["spec"]["podManagementPolicy"] == "Parallel"


def test_minio_is_not_open_without_its_generated_credentials():
    variables = {one["name"]: one for one in container_of_store("minio")["env"]}
    for name, key in (("MINIO_ROOT_USER", "accesskey"), ("MINIO_ROOT_PASSWORD", "secretkey")):
        reference = variables[name]["valueFrom"]["secretKeyRef"]
        assert reference == {"name": "digits-minio", "key": key}
    assert variables["MINIO_BROWSER"]["value"] == "off"


class ManagedRedis(Server):
    """Debian's Redis with the settings of the ConfigMap, in a folder instead of a container."""

    def command(self) -> list[str | Path]:
        (self.folder / "data").mkdir(exist_ok=True)
        (self.folder / "auth.conf").write_text(f"requirepass {PASSWORD}\n")
        settings = objects_of(served())["ConfigMap/digits-redis"]["data"]["redis.conf"]
        places = {
            "port 6379": f"port {self.port}",
            "dir /data": f"dir {self.folder / 'data'}",
            "/etc/redis-auth/": f"{self.folder}/",
        }
        for place, here in places.items():
            assert place in settings
            settings = settings.replace(place, here)
        (self.folder / "redis.conf").write_text(settings)
        return [program("redis", "redis-server"), self.folder / "redis.conf"]

    def answers(self) -> bool:
        return self.probe("readinessProbe", PASSWORD) == 0

    def probe(self, name: str, password: str) -> int:
        """How the command of a probe ends."""
        command = container_of_store("redis")[name]["exec"]["command"]
        here = [program("redis", "redis-cli"), "-p", str(self.port), *command[1:]]
        environment = {"REDISCLI_AUTH": password}
        return subprocess.run(
            here, env=environment, capture_output=True, timeout=10, check=False
        ).returncode


class ManagedMinio(S3Server):
    """MinIO with the arguments of the container, in a folder."""

    def command(self) -> list[str | Path]:
        (self.folder / "data").mkdir(exist_ok=True)
        here = {
            "/data": str(self.folder / "data"),
            ":9000": self.endpoint,
            "/tmp/certs": str(self.folder / "certificates"),
        }
        arguments = container_of_store("minio")["args"]
        assert here.keys() <= set(arguments)
        return [program("minio", "minio"), *(here.get(one, one) for one in arguments)]

    def environment(self) -> dict[str, str]:
        given = {one["name"]: one.get("value") for one in container_of_store("minio")["env"]}
        account = {"MINIO_ROOT_USER": self.access_key, "MINIO_ROOT_PASSWORD": self.secret_key}
        return {**given, **account, "HOME": str(self.folder)}

    def answers(self) -> bool:
        probes = (container_of_store("minio")[name] for name in PROBES)
        return all(self.status("GET", probe["httpGet"]["path"]) == 200 for probe in probes)


@pytest.fixture
def managed_redis(launch, tmp_path):
    return launch(ManagedRedis(tmp_path))


@pytest.mark.servers
def test_redis_takes_its_settings_and_keeps_what_it_has_answered(managed_redis):
    with redis.Redis(port=managed_redis.port, password=PASSWORD, decode_responses=True) as client:
        assert client.config_get("appendfsync") == {"appendfsync": "always"}
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("save") == {"save": ""}
        client.set("key", "value")
        managed_redis.restart()
        assert client.get("key") == "value"


@pytest.mark.servers
def test_redis_asks_for_the_password_which_its_command_line_does_not_show(managed_redis):
    with (
        redis.Redis(port=managed_redis.port, retry=None) as client,
        pytest.raises(redis.exceptions.AuthenticationError),
    ):
        client.ping()
    assert PASSWORD not in " ".join(map(str, managed_redis.command()))


@pytest.mark.servers
def test_a_redis_that_refuses_is_alive_but_not_ready(managed_redis):
    assert managed_redis.probe("readinessProbe", "another") != 0
    assert managed_redis.probe("livenessProbe", "another") == 0


@pytest.mark.servers
def test_a_redis_that_is_gone_is_neither_alive_nor_ready(managed_redis):
    managed_redis.kill()
    assert managed_redis.probe("readinessProbe", PASSWORD) != 0
    assert managed_redis.probe("livenessProbe", PASSWORD) != 0


@pytest.mark.servers
def test_minio_takes_its_arguments_and_answers_its_probes(launch, tmp_path):
    server = launch(ManagedMinio(tmp_path))
    bucket = server.new_bucket()
    assert [one.name for one in server.client().list_buckets()] == [bucket]
    assert (tmp_path / "data" / bucket).is_dir()
