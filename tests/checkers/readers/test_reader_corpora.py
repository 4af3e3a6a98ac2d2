"""Every file of the corpora is read in the format it is guessed to have, with its operations."""

from __future__ import annotations

import csv
import os
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from counterpoint.checkers.readers import Case, Cases, guess_format, read_cases

BESIDE_THE_CHECKOUT = Path(__file__).resolve().parents[4] / "shared" / "corpora"
CORPORA = Path(os.environ.get("COUNTERPOINT_CORPORA", BESIDE_THE_CHECKOUT))

needs_corpora = pytest.mark.skipif(
    not CORPORA.is_dir(), reason=f"no corpora at {CORPORA}; name them in COUNTERPOINT_CORPORA"
)

FORMATS = {
    "awdit": "awdit-text",
    "causal-cases": "session-json",
    "conver": "interval-json",
    "knossos": "edn",
    "polysi": "plume-text",
    "porcupine-etcd": "jepsen-log",
    "porcupine-kv": "edn",
    "porcupine-unit": "interval-json",
}
FORMATS_BY_SUFFIX = {
    ("elle-cli", ".edn"): "edn",
    ("elle-cli", ".json"): "jepsen-json",
    ("dbcop", ".json"): "session-json",
    ("dbcop", ".yaml"): "dbcop-yaml",
}
MISCOUNTED = {"dbcop/non_cc.yaml": ("4", 5)}
"""The manifest says 4; the file has 1 + 2 + 2 events."""


def rows() -> list[tuple[str, str, str]]:
    """Walk the manifests: the file from the corpora's root, the case in it, and its size."""
    found = []
    for manifest in sorted(CORPORA.glob("*/MANIFEST.tsv")):
        with manifest.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines, delimiter="\t"):
                name, _, case = row["file"].partition("#")
                found.append((f"{manifest.parent.name}/{name}", case, row["ops"]))
    return found


@cache
def read(name: str) -> Cases:
    """Read a file once for all of its cases."""
    return read_cases((CORPORA / name).read_bytes(), source=name)


def size_of(case: Case, folder: str) -> int:
    """Count as the manifest does: elle-cli events, the others operations that did not fail."""
    if folder == "elle-cli" or not isinstance(case.history, tuple):
        return case.event_count
    return sum(op.status != "fail" for op in case.history)


@needs_corpora
@pytest.mark.parametrize(("name", "case", "size"), rows())
def test_every_corpus_file_is_read_with_its_operations(name: str, case: str, size: str) -> None:
    folder = name.partition("/")[0]
    head = (CORPORA / name).read_bytes()[:4096]
    expected = FORMATS.get(folder) or FORMATS_BY_SUFFIX[folder, Path(name).suffix]
    assert guess_format("history", head) == expected
    (found,) = (one for one in read(name) if one.name == case)
    counted = size_of(found, folder)
    assert (size, counted) == MISCOUNTED.get(name, (str(counted), counted))


@needs_corpora
def test_the_corpora_are_as_many_as_known() -> None:
    """A glob that finds nothing would make the test above pass without a single file."""
    count = Counter(name.partition("/")[0] for name, _, _ in rows())
    assert count >= Counter({"porcupine-etcd": 50, "knossos": 40, "awdit": 9, "conver": 10})
