"""What all tests have; fixtures come from the plugin modules of `tests/support`."""

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["server_fixtures"]

# How long an example takes says nothing on a machine that is shared.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The cluster last: it stays up for all tests that use it, and would slow the others down."""
    items.sort(key=lambda item: item.get_closest_marker("cluster") is not None)
