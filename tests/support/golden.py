"""Golden text files: what is written must equal what was approved.

With COUNTERPOINT_UPDATE_GOLDEN=1 in the environment the files are written instead; read the
difference before it is committed.
"""

from __future__ import annotations

import os
from pathlib import Path


def assert_golden(path: Path, text: str) -> None:
    """Compare a text, without trailing spaces and with one newline at its end, with its file."""
    text = "\n".join(line.rstrip() for line in text.splitlines()) + "\n"
    if os.environ.get("COUNTERPOINT_UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{path} does not exist; set COUNTERPOINT_UPDATE_GOLDEN=1 to write it"
    assert text == path.read_text(encoding="utf-8")
