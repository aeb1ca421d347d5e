"""Both S3 servers: what a store of blobs and models may build on."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import urllib3
from minio import S3Error

from running import MinioServer, VersityServer

pytestmark = pytest.mark.servers

PRECONDITION_FAILED = 412


def put(client, bucket, key, data):
    client.put_object(bucket, key, io.BytesIO(data), len(data))


def get(client, bucket, key):
    response = client.get_object(bucket, key)
    try:
        return response.read()
    finally:
        response.close()
        response.release_conn()


def put_if_absent(client, bucket, key, data):
    """The status of a write-once PUT.

    `Minio.put_object` can't send If-None-Match (as metadata it becomes x-amz-meta-...), but a
    presigned URL leaves all headers but Host to whoever uses it.
    """
    url = client.get_presigned_url("PUT", bucket, key, expires=timedelta(minutes=1))
    with urllib3.PoolManager(retries=False) as http:
        return http.request("PUT", url, body=data, headers={"If-None-Match": "*"}).status


def test_what_was_put_is_got(s3_server, bucket):
    client = s3_server.client()
    put(client, bucket, "folder/key", b"data")
    assert get(client, bucket, "folder/key") == b"data"


def test_an_object_of_some_megabytes_is_got_whole(s3_server, bucket):
    client = s3_server.client()
    data = bytes(range(256)) * (12 * 2**20 // 256)
    put(client, bucket, "large", data)
    assert get(client, bucket, "large") == data


def test_a_prefix_is_listed_in_order(s3_server, bucket):
    client = s3_server.client()
    for key in ("b/2", "a/1", "b/1"):
        put(client, bucket, key, b"data")
    found = client.list_objects(bucket, prefix="b/", recursive=True)
    assert [(each.object_name, each.size) for each in found] == [("b/1", 4), ("b/2", 4)]


def test_a_deleted_object_is_gone_and_deleting_it_again_is_no_error(s3_server, bucket):
    client = s3_server.client()
    put(client, bucket, "key", b"data")
    client.remove_object(bucket, "key")
    with pytest.raises(S3Error) as refused:
        get(client, bucket, "key")
    assert refused.value.code == "NoSuchKey"
    client.remove_object(bucket, "key")


def test_a_conditional_put_never_replaces_an_object(s3_server, bucket):
    client = s3_server.client()
    assert put_if_absent(client, bucket, "key", b"first") == 200
    assert put_if_absent(client, bucket, "key", b"second") == PRECONDITION_FAILED
    assert get(client, bucket, "key") == b"first"


def test_an_empty_object_is_an_object_for_a_conditional_put(s3_server, bucket):
    client = s3_server.client()
    put(client, bucket, "key", b"")
    assert put_if_absent(client, bucket, "key", b"second") == PRECONDITION_FAILED


def test_of_conditional_puts_at_the_same_time_one_wins(s3_server, bucket):
    client = s3_server.client()
    bodies = [f"writer {number}".encode() for number in range(8)]
    with ThreadPoolExecutor(len(bodies)) as pool:
        statuses = list(pool.map(lambda body: put_if_absent(client, bucket, "key", body), bodies))
    assert statuses.count(200) == 1
    winner = bodies[statuses.index(200)]
    assert get(client, bucket, "key") == winner


@pytest.mark.parametrize("kind", [MinioServer, VersityServer])
def test_an_answered_put_survives_kill_9_on_the_same_port(launch, tmp_path, kind):
    server = launch(kind(tmp_path))
    bucket = server.new_bucket()
    put(server.client(), bucket, "key", b"data")
    server.restart()
    assert get(server.client(), bucket, "key") == b"data"


def test_a_wrong_secret_is_refused(s3_server, bucket):
    s3_server.client()
    url = s3_server.client().get_presigned_url("GET", bucket, "key")
    with urllib3.PoolManager(retries=False) as http:
        assert http.request("GET", url[:-1] + ("0" if url[-1] != "0" else "1")).status == 403
