"""`counterpoint view`: a trace or a history as one HTML file that opens anywhere, without a network."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import cast

import click

from counterpoint.harness.checking.forms import CannotCheck
from counterpoint.harness.checking.wanted import PartitionMode, Wanted
from counterpoint.harness.commands.load_trace import opened
from counterpoint.harness.commands.shared import as_json
from counterpoint.harness.output import clear_errors, emit, refuse, tell
from counterpoint.harness.timeline.viewing import history_html, is_trace
from counterpoint.harness.viewer.data import PageContext
from counterpoint.harness.viewer.page import view_html
from counterpoint.model.writing import write_text


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="The page (default: FILE.html).")
@click.option("--compare", type=click.Path(path_type=Path), help="A second trace to compare with.")
@click.option("--seconds", default=2.0, show_default=True, help="Time for analyses; 0 for none.")
@click.option("--format", "form", metavar="F", help="Of a history: its format [guessed].")
@click.option("--model", metavar="M", help="Of a history: what it is of [guessed].")
@click.option("--property", "chosen", metavar="P", help="Of a history: what to check.")
@click.option(
    "--partition",
    type=click.Choice(["key", "none", "tuple"]),
    default="key",
    help="Of a history: as in `check`.",
)
@click.option("--open", "is_opened", is_flag=True, help="Open the page in the browser.")
@as_json
def view(
    file: Path,
    out: Path | None,
    compare: Path | None,
    seconds: float,
    form: str | None,
    model: str | None,
    chosen: str | None,
    partition: str,
    is_opened: bool,
    as_json: bool,
) -> None:
    """Make a page of FILE: one file, no network, no server.

    A trace is shown step by step. A recorded history is checked, and its calls are shown by client:
    the core of a violation, how far the history is legal, and when a nemesis was at work. FILE#CASE
    chooses one history of several.

    \b
    counterpoint view .counterpoint/register-B1-linearizability-1.trace.jsonl --open
    counterpoint view FILE --compare OTHER --out page.html
    counterpoint view history.edn --property serializability --open
    """
    if not is_trace(file):
        wanted = Wanted(
            form=form, model=model, property=chosen, partition=cast(PartitionMode, partition)
        )
        try:
            checked, html = history_html(str(file), wanted, seconds=seconds)
        except CannotCheck as error:
            refuse(str(error), as_json=as_json)
        page = Path(checked.title.replace("#", "-") + ".html")
        _write(html, out or page, as_json, is_opened)
        return
    found = opened(file)
    other = opened(compare).trace if compare else None
    shown = PageContext(
        file.name, found.shrunk, found.replay_command, compare.name if compare else ""
    )
    html = view_html(found.trace, found.verdicts, found.analysed(seconds), other=other, shown=shown)
    stem = file.name.removesuffix(".jsonl").removesuffix(".trace")
    _write(html, out or file.with_name(stem + ".html"), as_json, is_opened)


def _write(html: str, path: Path, as_json: bool, is_opened: bool) -> None:
    """Write the page, say where, and open it if that was asked."""
    with clear_errors(as_json=as_json):
        write_text(path, html)
    if as_json:
        emit({"outcome": "written", "page": str(path), "bytes": len(html.encode())})
    else:
        tell(f"{path}  ({len(html.encode()):,} bytes)")
    if is_opened:
        webbrowser.open(path.resolve().as_uri())
