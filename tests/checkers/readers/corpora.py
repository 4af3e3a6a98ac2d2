"""Where the corpora are, and what their manifests say."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

BESIDE_THE_CHECKOUT = Path(__file__).resolve().parents[4] / "shared" / "corpora"
CORPORA = Path(os.environ.get("COUNTERPOINT_CORPORA", BESIDE_THE_CHECKOUT))

needs_corpora = pytest.mark.skipif(
    not CORPORA.is_dir(), reason=f"no corpora at {CORPORA}; name them in COUNTERPOINT_CORPORA"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a manifest; `file` is the path from the root of the corpora."""

    file: str
    case: str
    model: str
    expected: str
    size: str

    @property
    def folder(self) -> str:
        """The project that the file comes from."""
        return self.file.partition("/")[0]

    @property
    def path(self) -> Path:
        """Where the file is."""
        return CORPORA / self.file

    def __str__(self) -> str:
        return f"{self.file}#{self.case}" if self.case else self.file


def entries(*folders: str) -> list[Entry]:
    """Return the rows of all manifests, or of those in these folders; none without corpora."""
    found = []
    for manifest in sorted(CORPORA.glob("*/MANIFEST.tsv")):
        folder = manifest.parent.name
        if folders and folder not in folders:
            continue
        with manifest.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines, delimiter="\t"):
                name, _, case = row["file"].partition("#")
                entry = Entry(f"{folder}/{name}", case, row["model"], row["expected"], row["ops"])
                found.append(entry)
    return found
