"""Redis as the stores need it: whatever was answered is there after `kill -9`."""

import pytest
import redis

from running import RedisServer

pytestmark = pytest.mark.servers


def test_redis_answers(redis_server):
    with redis.Redis.from_url(redis_server.url) as client:
        assert client.ping()


def test_an_answered_write_survives_kill_9_on_the_same_port(launch, tmp_path):
    server = launch(RedisServer(tmp_path))
    url = server.url
    with redis.Redis.from_url(url) as client:
        client.set("key", "value")
    server.restart()
    with redis.Redis.from_url(url) as client:
        assert client.get("key") == b"value"


def test_a_password_is_asked_for(launch, tmp_path):
    server = launch(RedisServer(tmp_path, password="p@ss / word"))
    with redis.Redis.from_url(server.url) as client:
        assert client.ping()
    with (
        redis.Redis(port=server.port, retry=None) as client,
        pytest.raises(redis.exceptions.AuthenticationError),
    ):
        client.ping()


def test_a_roll_back_forgets_what_came_after_the_copy(launch, tmp_path):
    server = launch(RedisServer(tmp_path))
    with redis.Redis.from_url(server.url) as client:
        client.set("before", 1)
        copy = server.copy_data("copy")
        client.set("after", 1)
    server.roll_back(copy)
    with redis.Redis.from_url(server.url) as client:
        assert client.keys() == [b"before"]


def test_a_frozen_redis_keeps_connections_open_and_answers_nothing(launch, tmp_path):
    server = launch(RedisServer(tmp_path))
    with redis.Redis(port=server.port, socket_timeout=0.2, retry=None) as client:
        client.set("key", "value")
        server.freeze()
        with pytest.raises(redis.TimeoutError):
            client.ping()
        server.thaw()
        assert client.get("key") == b"value"


def test_redis_never_evicts_and_syncs_every_write(redis_server):
    with redis.Redis.from_url(redis_server.url, decode_responses=True) as client:
        assert client.config_get("appendfsync") == {"appendfsync": "always"}
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
