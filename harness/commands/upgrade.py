"""`counterpoint upgrade`: a trace file of an earlier format, written again in the present one."""

from __future__ import annotations

from pathlib import Path

import click

from counterpoint.harness.commands.load_trace import opened
from counterpoint.harness.commands.shared import settings
from counterpoint.harness.output import clear_errors, settings_of, tell
from counterpoint.model.tracefile import VERSION, parse_trace, trace_lines
from counterpoint.model.values import Json
from counterpoint.model.writing import write_text

DERIVED = frozenset(
    {"type", "format", "version", "scenario", "nodes", "network", "fingerprint", "initial_digest"}
)
"""Fields of a header that writing makes anew; all others are carried over."""


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Where to write it (default: FILE).")
@settings("A setting that it lacks.")
def upgrade(file: Path, out: Path | None, pairs: tuple[str, ...]) -> None:
    """Write a trace FILE again in the present format, after checking that it still replays.

    A trace of format 1.0 names the file of a configuration and does not hold it: give it with --set.

    \b
    counterpoint upgrade old.trace.jsonl --out new.trace.jsonl
    counterpoint upgrade old.trace.jsonl --set config=access.yaml
    """
    found = opened(file, settings_of(pairs))
    about: dict[str, Json] = {
        key: value for key, value in found.recorded.header.items() if key not in DERIVED
    }
    lines = trace_lines(found.trace, found.verdicts, about=about)
    text = "".join(f"{line}\n" for line in lines)
    with clear_errors():
        parse_trace(text.encode(), str(out or file))  # before the only copy is replaced
        write_text(out or file, text)
    before = found.recorded.header["version"]
    tell(f"{out or file}: format {before} to {VERSION}, {len(found.trace.choices)} steps")
