"""The published counts come out, on both engines."""

from __future__ import annotations

import pytest

from counterpoint.harness.exploring import EngineName
from tests.oracles.table import Row, deliveries, has_numpy, rows

ENGINES: tuple[EngineName, ...] = ("plain", "numpy") if has_numpy() else ("plain",)


def _cases(*sizes: str) -> list[object]:
    return [
        pytest.param(row, id=f"{engine}: {row.name}")
        for engine in ENGINES
        for row in rows(engine)
        if row.size in sizes
    ]


@pytest.mark.parametrize("row", _cases("small"))
def test_published_numbers_come_out(row: Row) -> None:
    assert row.measure() == row.expected


@pytest.mark.nightly
@pytest.mark.parametrize("row", _cases("large", "huge"))
def test_large_published_numbers_come_out(row: Row) -> None:
    assert row.measure() == row.expected


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("servers", "clients"), [(2, 1), (3, 1), (2, 2)])
def test_the_first_value_takes_two_phases_of_two_operations(
    servers: int, clients: int, engine: EngineName
) -> None:
    assert deliveries(servers, clients, engine) == {"deliveries": 11}
