"""TLS on the public port, with certificates of clients too."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from raw_http import connected, serving
from stand_in_front import StandInFront
from xaynet_coordinator.api import public_app
from xaynet_coordinator.bodies import BodyLimits
from xaynet_coordinator.http_server import bind, tls_context
from xaynet_coordinator.outcomes import ACCEPTED


def certify(folder, name, issuer=None):
    """Write a certificate for a name and its key, signed by itself or by an issuer."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    issuer_name, issuer_key = issuer or (subject, key)
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(issuer_name, subject, key.public_key(), 1)
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(issuer is None, None), critical=True)
        .sign(issuer_key, hashes.SHA256())
    )
    files = folder / f"{name}.crt", folder / f"{name}.key"
    files[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    unencrypted = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    files[1].write_bytes(key.private_bytes(*unencrypted))
    return files, (subject, key)


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
