"""Small files of the kinds that people have, each with what must come of it."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from counterpoint.harness.checking import check_files

BESIDE_THE_CHECKOUT = Path(__file__).resolve().parents[3] / "shared" / "cases" / "histories"
CASES = Path(os.environ.get("COUNTERPOINT_CASES", BESIDE_THE_CHECKOUT))
READING = ("04", "06", "07", "08", "09", "14", "19")
"""Those that are about how a file is read; what a verdict means is tested elsewhere."""


def expected() -> dict[str, str]:
    """Return what is expected of each case, by its number; nothing where the cases are not there."""
    table = CASES / "EXPECTED.tsv"
    if not table.is_file():
        return {}
    with table.open(encoding="utf-8", newline="") as lines:
        return {number: words for number, _, words in csv.reader(lines, delimiter="\t")}


@pytest.mark.skipif(
    not CASES.is_dir(), reason=f"no cases at {CASES}; name them in COUNTERPOINT_CASES"
)
@pytest.mark.parametrize("number", READING)
def test_a_file_is_read_as_expected(number: str) -> None:
    (file,) = CASES.glob(f"{number}-*")
    chosen = "serializability" if number == "14" else None
    (checked,) = check_files([file], property=chosen)
    assert not checked.error
    assert expected()[number].startswith(checked.outcome), checked.verdict
