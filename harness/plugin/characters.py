"""What the plugin prints, in characters that the terminal of the session has.

pytest itself writes a text that cannot be encoded as one line, with `\\n` for the ends of its lines.
"""

from __future__ import annotations

import sys

import pytest

REPORTER = "terminalreporter"


class OurSections:
    """Puts our sections of a report into ASCII, as it comes to the one process that prints it."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @pytest.hookimpl(tryfirst=True)  # before it is printed
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Change what the section of a broken property says, where that is needed."""
        if hasattr(report, "counterpoint"):
            report.sections = [
                (name, printable(self._config, text) if name.startswith("counterpoint") else text)
                for name, text in report.sections
            ]


def printable(config: pytest.Config, text: str) -> str:
    """Return a text that the terminal of a session can show: in ASCII where it lacks characters."""
    if not config.pluginmanager.has_plugin(REPORTER):
        return text
    from counterpoint.harness.explanation.plain import in_encoding

    # pytest has no other name for the stream that it writes to, which need not be sys.stdout.
    stream = getattr(config.get_terminal_writer(), "_file", sys.stdout)
    return in_encoding(text, getattr(stream, "encoding", None))
