"""TLS on the public port, with certificates of clients too."""

import asyncio
import ssl

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

from certificates import certify
from raw_http import connected, serving
from stand_in_front import StandInFront
from xaynet_coordinator.api import public_app
from xaynet_coordinator.bodies import BodyLimits
from xaynet_coordinator.http_server import bind, tls_context
from xaynet_coordinator.outcomes import ACCEPTED


async def test_with_tls_only_clients_with_a_certificate_are_served(tmp_path):
    front = StandInFront(outcome=ACCEPTED)
    (authority, _), issuer = certify(tmp_path, "authority")
    server, _ = certify(tmp_path, "localhost", issuer)
    participant, _ = certify(tmp_path, "participant", issuer)
    known = ssl.create_default_context(cafile=authority)
    known.load_cert_chain(*participant)
    stranger = ssl.create_default_context(cafile=authority)
    app, tls = public_app(front, BodyLimits()), tls_context(*server, authority)
    async with serving(app, front, tls=tls) as port:
        async with connected(port, ssl=known, server_hostname="localhost") as wire:
            assert (await wire.post(b"sealed")).headers["xaynet-outcome"] == "accepted"
        with pytest.raises((OSError, asyncio.IncompleteReadError)):
            async with connected(port, ssl=stranger, server_hostname="localhost") as wire:
                await wire.get("/params")


async def test_a_key_that_is_encrypted_is_refused_and_not_asked_for(tmp_path):
    (certificate, path), (_, key) = certify(tmp_path, "localhost")
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    )
    with pytest.raises(OSError, match=r"(?i)password|decrypt|ssl"):
        tls_context(certificate, path, None)


async def test_a_host_name_is_bound_like_an_address():
    with bind("localhost", 0) as socket:
        assert socket.getsockname()[0] in ("127.0.0.1", "::1")
