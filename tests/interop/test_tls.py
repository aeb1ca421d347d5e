"""Our SDK over TLS. The published wheel knows no other authorities than those built into it, and
the published crate comes without TLS; by hand, built with rustls as in the wheel, it finished a
round over TLS too."""

import pytest

from certificates import certify
from coordinators import Coordinator
from pairings import OURS, OURS_ASYNC, OURS_IN_SMALL_CHUNKS, Troupe, settings

pytestmark = pytest.mark.processes

SETTINGS = settings(length=300)


class SecureCoordinator(Coordinator):
    """It serves https only, with the certificate of `localhost` in its folder."""

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    def environment(self) -> dict[str, str]:
        return {
            "XAYNET_API__TLS_CERTIFICATE": str(self.folder / "localhost.crt"),
            "XAYNET_API__TLS_KEY": str(self.folder / "localhost.key"),
        }


def test_a_round_is_finished_over_tls(launch, tmp_path, monkeypatch):
    (authority, _), issuer = certify(tmp_path, "authority")
    at = SecureCoordinator(tmp_path / "coordinator", SETTINGS)
    certify(at.folder, "localhost", issuer)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    troupe = Troupe(launch, tmp_path, launch(at), SETTINGS)
    troupe.summer(OURS)
    troupe.agrees_with(troupe.updaters((OURS, OURS_ASYNC, OURS_IN_SMALL_CHUNKS)))
