"""The table of docs/explanation/oracles.md: `python -m tests.oracles.page` writes it again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.oracles.table import rows

PAGE = Path(__file__).resolve().parents[2] / "docs/explanation/oracles.md"
MARK = "<!-- table: python -m tests.oracles.page -->\n"


def table() -> str:
    """Return every row that can be measured, with the number that is expected of it."""
    return "\n".join(["| model | what | published | ours |", "|---|---|---|---|", *_lines()]) + "\n"


def _lines() -> Iterator[str]:
    for row in rows():
        for what, number in row.expected.items():
            published = f"{number:,}" if row.is_published else "-"
            yield f"| {row.name} | {what} | {published} | {number:,} |"


def with_table(text: str) -> str:
    """Return the page with the table as it must be."""
    return re.sub(f"{re.escape(MARK)}\n(\\|.*\n)*\n?", lambda _: f"{MARK}\n{table()}\n", text)


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
