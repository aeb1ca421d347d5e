"""The servers that the stores need: Redis, and two S3 servers of different make."""

import shutil
import socket
import uuid
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import quote

from minio import Minio

from parts import program
from processes import Server


class RedisServer(Server):
    """Debian's Redis with every write synced to disk before it is answered.

    A new one has a new, empty database. The append-only file is never rewritten, so that a copy
    taken while it runs is a state that it was in.
    """

    def __init__(self, folder: Path, password: str | None = None) -> None:
        super().__init__(folder)
        self.password = password
        self.data = folder / "data"

    @property
    def url(self) -> str:
        account = f":{quote(self.password, safe='')}@" if self.password else ""
        return f"redis://{account}127.0.0.1:{self.port}"

    def command(self) -> list[str | Path]:
        self.data.mkdir(exist_ok=True)
        settings = self.folder / "redis.conf"
        settings.write_text("\n".join(self._settings()) + "\n")
        return [program("redis", "redis-server"), settings]

    def _settings(self) -> list[str]:
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f'dir "{self.data}"',
            "appendonly yes",
            "appendfsync always",
            "auto-aof-rewrite-percentage 0",
            'save ""',
            "maxmemory-policy noeviction",
        ]
        return [*lines, f'requirepass "{self.password}"'] if self.password else lines

    def answers(self) -> bool:
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith((b"+PONG", b"-NOAUTH"))

    def copy_data(self, name: str) -> Path:
        """Copies its data folder, running or not, for `roll_back`."""
        copy = self.folder / name
        shutil.copytree(self.data, copy)
        return copy

    def roll_back(self, copy: Path) -> None:
        """Kills it, and starts it on the data of an earlier copy."""
        self.kill()
        shutil.rmtree(self.data)
        shutil.copytree(copy, self.data)
        self.start()


class S3Server(Server):
    """What the S3 servers have in common, all that a store may know of them."""

    access_key = "xaynet-tests"
    secret_key = "a secret of the tests"
    region = "us-east-1"

    @property
    def endpoint(self) -> str:
        """Host and port, as the client of the package minio takes them."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.endpoint}"

    def client(self) -> Minio:
        return Minio(
            self.endpoint, self.access_key, self.secret_key, secure=False, region=self.region
        )

    def new_bucket(self) -> str:
        """Makes an empty bucket; its name."""
        bucket = f"test-{uuid.uuid4()}"
        self.client().make_bucket(bucket)
        return bucket

    def status(self, method: str, path: str) -> int:
        """The status that a request without a signature gets."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request(method, path)
            return connection.getresponse().status
        except HTTPException as error:
            raise OSError(str(error)) from error
        finally:
            connection.close()


class MinioServer(S3Server):
    def command(self) -> list[str | Path]:
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        certificates = self.folder / "certificates"
        options = ["--address", self.endpoint, "--certs-dir", certificates]
        return [program("minio", "minio"), "server", data, *options]

    def answers(self) -> bool:
        """Whether it can write: it answers earlier, but then a new bucket may take a minute."""
        return self.status("GET", "/minio/health/cluster") == 200

    def environment(self) -> dict[str, str]:
        return {
            "MINIO_ROOT_USER": self.access_key,
            "MINIO_ROOT_PASSWORD": self.secret_key,
            "MINIO_REGION": self.region,
            "MINIO_BROWSER": "off",
            "MINIO_UPDATE": "off",
        }


class VersityServer(S3Server):
    def command(self) -> list[str | Path]:
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        options = ["--port", self.endpoint, "--region", self.region]
        return [program("versitygw", "versitygw"), *options, "posix", data]

    def answers(self) -> bool:
        return self.status("HEAD", "/") < 500

    def environment(self) -> dict[str, str]:
        return {"ROOT_ACCESS_KEY_ID": self.access_key, "ROOT_SECRET_ACCESS_KEY": self.secret_key}
