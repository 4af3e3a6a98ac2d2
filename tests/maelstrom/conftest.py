"""Programs of others, for tests: found by name, started by the Python that runs the tests."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parent / "programs"
collect_ignore = ["programs"]  # they read their standard input as soon as they are imported
FAST = Path(sys.executable).parent


@pytest.fixture(autouse=True)
def interpreters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `env python3` be the Python of these tests."""
    monkeypatch.setenv("PATH", f"{FAST}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    """Write a program of Python that answers init, and does what a text says for each message."""

    def write(text: str, *, head: str = "", welcome: bool = True) -> Path:
        lines = [
            "#!/usr/bin/env python3",
            "import json, sys",
            "def say(to, **body):",
            "    text = json.dumps({'src': 'n1', 'dest': to, 'body': body})",
            "    sys.stdout.write(text + '\\n')  # at once, for threads may write at the same time",
            "    sys.stdout.flush()",
            head,
            "for line in sys.stdin:",
            "    message = json.loads(line)",
            "    source, body = message['src'], message['body']",
            "    if body['type'] == 'init':",
            "        say(source, type='init_ok', in_reply_to=body['msg_id'])"
            if welcome
            else "        pass",
            "        continue",
            *(f"    {line}" for line in text.splitlines()),
        ]
        file = tmp_path / "program.py"
        file.write_text("\n".join(lines) + "\n")
        file.chmod(0o755)
        return file

    return write


def program(name: str) -> Path:
    """Return a program of the exercises; skip where its language is not installed."""
    if name.endswith(".js") and shutil.which("node") is None:
        pytest.skip("node, which runs programs of JavaScript, is not installed")
    return PROGRAMS / name
