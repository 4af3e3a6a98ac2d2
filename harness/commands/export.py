"""`counterpoint export`: a trace in the format of another tool."""

from __future__ import annotations

from pathlib import Path

import click

from counterpoint.harness.commands.load_trace import opened
from counterpoint.harness.exports.formats import EXPORTS
from counterpoint.harness.exports.python import CannotExport
from counterpoint.harness.output import clear_errors, refuse, show, tell
from counterpoint.model.writing import write_text


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--to", required=True, type=click.Choice(list(EXPORTS)), help="The format.")
@click.option("--out", type=click.Path(path_type=Path), help="The file (default: beside FILE).")
@click.option("--stdout", "is_printed", is_flag=True, help="Print it instead.")
def export(file: Path, to: str, out: Path | None, is_printed: bool) -> None:
    """Write a trace FILE for ShiViz, Apalache, Jepsen, Mermaid, Graphviz, Perfetto or as a test.

    \b
    counterpoint export FILE --to mermaid --stdout
    counterpoint export FILE --to python --out tests/test_found.py
    """
    found = opened(file)
    try:
        text = EXPORTS[to].write(found.trace, found.verdicts)
    except CannotExport as error:
        refuse(str(error))
    if is_printed:
        show(text, nl=False)
        return
    stem = file.name.removesuffix(".jsonl").removesuffix(".trace")
    path = out or file.with_name(stem + EXPORTS[to].suffix)
    with clear_errors():
        write_text(path, text)
    tell(str(path))
