"""Certificates for tests of TLS, valid for today."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat


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
