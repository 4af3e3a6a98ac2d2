"""The pytest plugin: loaded by its entry point in every repository that has counterpoint installed."""

from __future__ import annotations

from importlib.metadata import version


def pytest_report_header() -> str:
    """Name the version in the header, so that a report says what found a counterexample."""
    return f"counterpoint: {version('counterpoint')}"
