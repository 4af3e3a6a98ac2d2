"""`counterpoint show`: read a trace file in the terminal."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from counterpoint.harness.catalog import rebuild
from counterpoint.harness.output import BAD_INPUT, clear_errors
from counterpoint.harness.report import report
from counterpoint.model.search.replay import judge
from counterpoint.model.search.replay_file import Diverged, replay
from counterpoint.model.tracefile import read_trace


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-v", "--verbose", count=True, help="All rows; twice: the states as well.")
@click.option("-q", "--quiet", is_flag=True, help="Two lines.")
@click.option("--ascii", "is_ascii", is_flag=True, help="Draw with ASCII characters alone.")
@click.option("--width", type=click.IntRange(40), help="Columns (default: the terminal's, 80-100).")
def show(file: Path, verbose: int, quiet: bool, is_ascii: bool, width: int | None) -> None:
    """Show what went wrong in a trace FILE, why it cannot be right, and the run that led there.

    \b
    counterpoint show .counterpoint/register-B1-linearizability-1.trace.jsonl
    counterpoint show FILE -v --ascii
    """
    with clear_errors():
        recorded = read_trace(file)
        scenario = rebuild(recorded.origin)
    try:
        trace = replay(recorded, scenario)
    except Diverged as error:
        click.echo(f"counterpoint: {file}: {error}", err=True)
        sys.exit(BAD_INPUT)
    shrunk = recorded.header.get("shrunk")
    sizes = (int(str(shrunk["from"])), int(str(shrunk["to"]))) if isinstance(shrunk, dict) else None
    click.echo(
        report(
            trace,
            judge(trace),
            width=width,
            ascii=is_ascii or "UTF" not in (sys.stdout.encoding or "").upper(),
            colour=sys.stdout.isatty() and "NO_COLOR" not in os.environ,
            verbosity=-1 if quiet else verbose,
            shrunk=sizes,
            replay_command=f"counterpoint replay {file}",
        )
    )
