"""`counterpoint view`: a trace as one HTML file that opens anywhere, without a network."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import click

from counterpoint.harness.commands.opening import opened
from counterpoint.harness.output import clear_errors, emit, tell
from counterpoint.harness.viewer.data import Shown
from counterpoint.harness.viewer.page import view_html
from counterpoint.model.writing import write_text


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="The page (default: FILE.html).")
@click.option("--compare", type=click.Path(path_type=Path), help="A second trace to compare with.")
@click.option("--seconds", default=2.0, show_default=True, help="Time for analyses; 0 for none.")
@click.option("--open", "is_opened", is_flag=True, help="Open the page in the browser.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object as the result.")
def view(
    file: Path,
    out: Path | None,
    compare: Path | None,
    seconds: float,
    is_opened: bool,
    as_json: bool,
) -> None:
    """Make a page that shows a trace FILE step by step: one file, no network, no server.

    \b
    counterpoint view .counterpoint/register-B1-linearizability-1.trace.jsonl --open
    counterpoint view FILE --compare OTHER --out page.html
    """
    found = opened(file)
    other = opened(compare).trace if compare else None
    shown = Shown(file.name, found.shrunk, found.replay_command, compare.name if compare else "")
    html = view_html(found.trace, found.verdicts, found.analysed(seconds), other=other, shown=shown)
    path = out or file.with_name(file.name.removesuffix(".jsonl").removesuffix(".trace") + ".html")
    with clear_errors(as_json=as_json):
        write_text(path, html)
    if as_json:
        emit({"outcome": "written", "page": str(path), "bytes": len(html.encode())})
    else:
        tell(f"{path}  ({len(html.encode()):,} bytes)")
    if is_opened:
        webbrowser.open(path.resolve().as_uri())
