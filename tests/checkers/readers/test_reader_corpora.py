"""Every file of the corpora is read in the format it is guessed to have, with its operations."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from counterpoint.checkers.readers import Case, Cases, guess_format, read_cases
from counterpoint.checkers.transactions.history import TransactionHistory
from tests.checkers.readers.corpora import Entry, entries, needs_corpora

FORMATS = {
    "awdit": "awdit-text",
    "causal-cases": "session-json",
    "conver": "interval-json",
    "knossos": "edn",
    "porcupine-etcd": "jepsen-log",
    "porcupine-kv": "edn",
    "porcupine-unit": "interval-json",
}
FORMATS_BY_SUFFIX = {
    ("elle-cli", ".edn"): "edn",
    ("elle-cli", ".json"): "jepsen-json",
    ("dbcop", ".json"): "session-json",
    ("dbcop", ".yaml"): "dbcop-yaml",
    ("polysi", ".bincode"): "dbcop-bincode",
    ("polysi", ".txt"): "plume-text",
}
MISCOUNTED = {"dbcop/non_cc.yaml": ("4", 5)}
"""The manifest says 4; the file has 1 + 2 + 2 events."""


@cache
def read(path: Path) -> Cases:
    """Read a file once for all of its cases."""
    return read_cases(path.read_bytes(), source=path.name)


def size_of(case: Case, folder: str, unit: str) -> int:
    """Count as the manifest does: elle-cli events, the others operations that did not fail."""
    if unit == "transactions":
        assert isinstance(case.history, TransactionHistory)
        return sum(1 for _ in case.history)
    if folder == "elle-cli" or not isinstance(case.history, tuple):
        return case.event_count
    return sum(op.status != "fail" for op in case.history)


@needs_corpora
@pytest.mark.parametrize("entry", entries(), ids=str)
def test_every_corpus_file_is_read_with_its_operations(entry: Entry) -> None:
    head = entry.path.read_bytes()[:4096]
    expected = FORMATS.get(entry.folder) or FORMATS_BY_SUFFIX[entry.folder, entry.path.suffix]
    assert guess_format("history", head) == expected
    (found,) = (one for one in read(entry.path) if one.name == entry.case)
    size, _, unit = entry.size.partition(" ")
    counted = size_of(found, entry.folder, unit)
    assert (size, counted) == MISCOUNTED.get(entry.file, (str(counted), counted))


@needs_corpora
def test_the_corpora_are_as_many_as_known() -> None:
    """A glob that finds nothing would make the test above pass without a single file."""
    count = Counter(entry.folder for entry in entries())
    assert count >= Counter({"porcupine-etcd": 50, "knossos": 40, "awdit": 9, "conver": 10})
