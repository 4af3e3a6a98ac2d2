"""`counterpoint show`: read a trace file in the terminal."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from counterpoint.harness import output
from counterpoint.harness.commands.load_trace import opened
from counterpoint.harness.report.terminal import WIDTH, WIDTH_MIN, report


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-v", "--verbose", count=True, help="All rows; twice: the states as well.")
@click.option("-q", "--quiet", is_flag=True, help="Two lines.")
@click.option("--ascii", "is_ascii", is_flag=True, help="Draw with ASCII characters alone.")
@click.option(
    "--width",
    type=click.IntRange(WIDTH_MIN),
    help="Columns (default: those of COLUMNS or of the terminal, 100 at most, and in a pipe).",
)
@click.option("--seconds", default=2.0, show_default=True, help="Time for analyses; 0 for none.")
def show(
    file: Path, verbose: int, quiet: bool, is_ascii: bool, width: int | None, seconds: float
) -> None:
    """Show what went wrong in a trace FILE, why it cannot be right, and the run that led there.

    \b
    counterpoint show .counterpoint/register-B1-linearizability-1.trace.jsonl
    counterpoint show FILE -v --ascii
    """
    found = opened(file)
    output.show(
        report(
            found.trace,
            found.verdicts,
            width=width or output.columns(WIDTH),
            ascii=is_ascii or "UTF" not in (sys.stdout.encoding or "").upper(),
            colour=output.is_coloured(),
            verbosity=-1 if quiet else verbose,
            shrunk=found.shrunk,
            replay_command=found.replay_command,
            analyses=None if quiet else found.analysed(seconds),
        )
    )
