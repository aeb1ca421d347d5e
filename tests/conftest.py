"""What all tests have; fixtures come from the plugin modules of `tests/support`."""

pytest_plugins = ["server_fixtures"]
