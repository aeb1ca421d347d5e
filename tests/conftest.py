"""What all tests have; fixtures come from the plugin modules of `tests/support`."""

from hypothesis import HealthCheck, settings

pytest_plugins = ["server_fixtures"]

# How long an example takes says nothing on a machine that is shared.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
