"""Gives every Python test the fixtures of Interop/harness."""

pytest_plugins = ["harness.fixtures"]
