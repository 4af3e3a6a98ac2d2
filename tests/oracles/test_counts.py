"""The published counts come out, on both engines."""

from __future__ import annotations

import pytest

from counterpoint.harness.exploration.rounds import EngineName
from tests.oracles.page import PAGE, with_table
from tests.oracles.table import Row, has_numpy, rows

ENGINES: tuple[EngineName, ...] = ("plain", "numpy") if has_numpy() else ("plain",)


LONG = {"plain: lastzero(7)", "plain: two-phase commit, 5, orbits"}
"""Of the small ones those that take long, where smaller ones and the other engine tell as much."""


def _cases(*sizes: str) -> list[object]:
    return [
        pytest.param(
            row,
            id=f"{engine}: {row.name}",
            marks=pytest.mark.nightly if f"{engine}: {row.name}" in LONG else (),
        )
        for engine in ENGINES
        for row in rows(engine)
        if row.size in sizes
    ]


@pytest.mark.slow
@pytest.mark.parametrize("row", _cases("small"))
def test_published_numbers_come_out(row: Row) -> None:
    assert row.measure() == row.expected


@pytest.mark.nightly
@pytest.mark.parametrize("row", _cases("large", "huge"))
def test_large_published_numbers_come_out(row: Row) -> None:
    assert row.measure() == row.expected


def test_the_page_shows_every_row() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert with_table(text) == text, "python -m tests.oracles.page writes it again"
    assert all(f"| {row.name} |" in text for row in rows())
