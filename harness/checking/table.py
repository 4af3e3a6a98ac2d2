"""The results of a check as a table, and how many of each there are."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from io import StringIO
from typing import NamedTuple

from counterpoint.harness.checking.wanted import Checked
from counterpoint.harness.explanation.plain import plain
from counterpoint.harness.output import BAD_INPUT, BROKEN, HOLDS, UNDECIDED, show
from counterpoint.harness.streams import OWN_MISTAKE

STYLES = {"holds": "green", "broken": "red", "undecided": "yellow", "error": "magenta"}
SUMMARY_MAX = 160
PIPE_WIDTH = 140
"""How wide a table is where no terminal says how wide it can be."""


class ResultRow(NamedTuple):
    """What the table keeps of a result; histories are not kept."""

    title: str
    property: str
    outcome: str
    operations: int
    seconds: float
    summary: str
    is_defect: bool = False


def row_of(checked: Checked) -> ResultRow:
    """Return the row of a result."""
    verdict = checked.verdict
    summary = checked.error if verdict is None else verdict.summary
    return ResultRow(
        plain(checked.title),
        checked.property,
        checked.outcome,
        checked.operation_count,
        checked.seconds,
        plain("; ".join(filter(None, (summary, *checked.notes))), SUMMARY_MAX),
        checked.is_defect,
    )


def print_table(rows: Sequence[ResultRow]) -> None:
    """Print all results, and how many there are of each kind."""
    # Results in JSON, and the reading of a file, need not wait for it.
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    is_terminal = sys.stdout.isatty()
    drawn = StringIO()  # a full disk behind the output is for `show` to notice
    width = None if is_terminal else PIPE_WIDTH
    console = Console(file=drawn, width=width, highlight=False, force_terminal=is_terminal)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("verdict", no_wrap=True)
    table.add_column("file", overflow="fold", max_width=60)
    table.add_column("property", overflow="fold")
    table.add_column("operations", justify="right", no_wrap=True)
    table.add_column("seconds", justify="right", no_wrap=True)
    table.add_column("what", overflow="fold", ratio=1)
    for row in rows:
        table.add_row(
            Text(row.outcome, style=STYLES[row.outcome]),
            Text(row.title),
            Text(row.property),
            Text(str(row.operations)),
            Text(f"{row.seconds:.3f}"),
            Text(row.summary),
        )
    console.print(table)
    console.print(Text(tally(rows)))
    show(drawn.getvalue(), nl=False)


def tally(rows: Sequence[ResultRow]) -> str:
    """Count the results by outcome.

    >>> tally([ResultRow("a", "", "holds", 1, 0.0, ""), ResultRow("b", "", "broken", 1, 0.0, "")])
    '2 histories: 1 holds, 1 broken'
    """
    counts = Counter(row.outcome for row in rows)
    parts = ", ".join(f"{counts[outcome]} {outcome}" for outcome in STYLES if counts[outcome])
    noun = "history" if len(rows) == 1 else "histories"
    return f"{len(rows)} {noun}: {parts or 'none'}"


def exit_code(rows: Sequence[ResultRow]) -> int:
    """Return the worst news: a violation found, a mistake of ours, bad input, what is undecided.

    >>> of = lambda outcome: ResultRow("a", "", outcome, 1, 0.0, "")
    >>> exit_code([of("holds"), of("undecided")]), exit_code([of("error"), of("broken")])
    (3, 1)
    """
    outcomes = {row.outcome for row in rows}
    if "broken" in outcomes:
        return BROKEN
    if any(row.is_defect for row in rows):
        return OWN_MISTAKE
    if "error" in outcomes:
        return BAD_INPUT
    return UNDECIDED if "undecided" in outcomes or not outcomes else HOLDS
