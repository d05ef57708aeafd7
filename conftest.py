"""Fixtures every test may ask for."""

pytest_plugins = ["tests.services", "tests.browsers", "tests.live"]
