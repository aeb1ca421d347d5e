"""The certificates of a cluster: one authority, and a certificate for each who speaks."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from node.places import Places

VALID = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Authority:
    folder: Path
    name: x509.Name
    key: ec.EllipticCurvePrivateKey
    now: datetime

    def issue(self, file: str, user: str, *, group: str = "", names: tuple[str, ...] = ()) -> None:
        """Writes FILE.crt and FILE.key for a user of a group, or for a server of these names."""
        key = write_key(self.folder / f"{file}.key")
        usages = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
        certificate = unsigned(self.name, subject(user, group), key, self.now).add_extension(
            x509.ExtendedKeyUsage(usages), critical=False
        )
        if names:
            alternatives = x509.SubjectAlternativeName([general_name(name) for name in names])
            certificate = certificate.add_extension(alternatives, critical=False)
        write_certificate(self.folder / f"{file}.crt", certificate.sign(self.key, hashes.SHA256()))


def write_pki(places: Places, now: datetime) -> None:
    """Writes all certificates of a cluster into its `pki` folder."""
    folder = places.pki("")
    folder.mkdir(parents=True)
    authority = new_authority(folder, now)
    authority.issue("admin", "admin", group="system:masters")
    service = "kubernetes.default.svc"
    addresses = (places.nodes[0].address, places.api_service, "127.0.0.1")
    names = ("kubernetes", "kubernetes.default", service, f"{service}.cluster.local", "localhost")
    authority.issue("apiserver", "kube-apiserver", names=addresses + names)
    for node in places.nodes:
        user, names = f"system:node:{node.name}", (node.address, node.name)
        authority.issue(node.name, user, group="system:nodes", names=names)
    write_key(folder / "service-accounts.key")


def new_authority(folder: Path, now: datetime) -> Authority:
    name, key = subject("xaynet tests"), write_key(folder / "ca.key")
    certificate = unsigned(name, name, key, now).add_extension(
        x509.BasicConstraints(ca=True, path_length=None), critical=True
    )
    write_certificate(folder / "ca.crt", certificate.sign(key, hashes.SHA256()))
    return Authority(folder, name, key, now)


def unsigned(
    issuer: x509.Name, owner: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime
) -> x509.CertificateBuilder:
    number = x509.random_serial_number()
    start = now - timedelta(hours=1)
    return x509.CertificateBuilder(issuer, owner, key.public_key(), number, start, now + VALID)


def subject(user: str, group: str = "") -> x509.Name:
    """How Kubernetes reads a user and its group off a certificate."""
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, user)]
    if group:
        attributes.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, group))
    return x509.Name(attributes)


def general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def write_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = ec.generate_private_key(ec.SECP256R1())
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    )
    return key


def write_certificate(path: Path, certificate: x509.Certificate) -> None:
    path.write_bytes(certificate.public_bytes(Encoding.PEM))


def today() -> datetime:
    return datetime.now(UTC)
