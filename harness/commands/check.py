"""`counterpoint check`: judge recorded histories, whoever recorded them."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Hashable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import click

from counterpoint.checkers.readers import DEFAULT_LIMITS, FORMATS, UnreadableHistory
from counterpoint.harness.checking.files import check_each, check_files
from counterpoint.harness.checking.models import MODELS
from counterpoint.harness.checking.properties import PROPERTIES
from counterpoint.harness.checking.table import ResultRow, exit_code, print_table, row_of
from counterpoint.harness.checking.text import as_json, explain
from counterpoint.harness.checking.wanted import (
    FROM_THE_FORMAT,
    Checked,
    Nil,
    PartitionMode,
    Wanted,
)
from counterpoint.harness.interruption import exit_code_of
from counterpoint.harness.output import (
    EXIT_HELP,
    ProgressLine,
    clear_errors,
    emit,
    refuse,
    require_folder,
    tell,
)
from counterpoint.harness.ranges import PositiveNumber
from counterpoint.harness.short_names import (
    FORMATS_IN_SHORT,
    PROPERTIES_IN_SHORT,
    ChoiceInShort,
)
from counterpoint.model.inert import plain
from counterpoint.model.writing import write_text

__all__ = ["check", "check_files"]

LONG_CHARS = 4_000_000
"""From this length on the reading of a file is a wait that a person is told of."""


class ModelName(click.Choice[str]):
    """The name of a model, or "module:Class"."""

    def __init__(self) -> None:
        super().__init__(list(MODELS))

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name."""
        return value if ":" in value else super().convert(value, param, ctx)


def _list(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    """Print what there is to choose from, and end."""
    if not value:
        return
    tell(f"formats: {', '.join(sorted(FORMATS))}\n\nmodels:")
    for model in MODELS.values():
        tell(f"  {model.name:<22} {model.summary} [{model.property}]")
    tell("\nproperties:")
    for one in PROPERTIES.values():
        tell(f"  {one.name:<24} {one.summary}")
    ctx.exit()


@click.command(epilog=EXIT_HELP)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--format",
    "form",
    type=ChoiceInShort(sorted(FORMATS), FORMATS_IN_SHORT),
    metavar="F",
    help="The format of the files [guessed from how each begins].",
)
@click.option(
    "--model",
    type=ModelName(),
    metavar="M",
    help="The object they are about [guessed from the operations], or module:Class, your own.",
)
@click.option(
    "--property",
    "chosen",
    type=ChoiceInShort(PROPERTIES, PROPERTIES_IN_SHORT),
    metavar="P",
    help="What to check [what the model promises].",
)
@click.option(
    "--timeout",
    type=PositiveNumber(),
    metavar="S",
    help="Seconds for each history; then it is undecided.",
)
@click.option(
    "--partition",
    type=click.Choice(["key", "none", "tuple"]),
    help="Judge each key alone; all as one object; or values [key value] by key "
    "[key; tuple where values look so].",
)
@click.option(
    "--nil",
    type=click.Choice(["value", "unknown"]),
    help="What a read of nil says: that value, or nothing [as the format has it].",
)
@click.option(
    "--initial", metavar="VALUE", help="What an object holds before any write, as JSON or text."
)
@click.option(
    "--initial-of",
    "initial_of",
    multiple=True,
    metavar="KEY=VALUE",
    help="What one key holds before any write; may be given again.",
)
@click.option("--unknown-initial", is_flag=True, help="Nobody knows what registers hold at first.")
@click.option(
    "--rename",
    "renames",
    multiple=True,
    metavar="F=NAME",
    help="Take the function F for NAME, such as set=write; may be given again.",
)
@click.option(
    "--total", type=int, metavar="N", help="What a bank's balances add up to [the first read]."
)
@click.option("--negative", is_flag=True, help="Allow negative balances.")
@click.option("--explain", "explained", is_flag=True, help="Say why, for each history.")
@click.option("--json", "as_lines", is_flag=True, help="One JSON object a history, as it is found.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write each result there as JSON and as text.",
)
@click.option(
    "--list",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list,
    help="List formats, models and properties, and end.",
)
def check(
    files: tuple[str, ...],
    form: str | None,
    model: str | None,
    chosen: str | None,
    timeout: float | None,
    partition: str | None,
    nil: str | None,
    initial: str | None,
    initial_of: tuple[str, ...],
    unknown_initial: bool,
    renames: tuple[str, ...],
    total: int | None,
    negative: bool,
    explained: bool,
    as_lines: bool,
    out: Path | None,
) -> None:
    """Judge recorded histories: is there an order of the operations that explains every answer?

    Files of Jepsen, Knossos, Elle, porcupine, AWDIT, Plume, DBCop and of our own schema are read;
    FILE#CASE chooses one history of a file that holds several. Ctrl-C keeps what was found.

    \b
    counterpoint check jepsen.log
    counterpoint check history.txt --format awdit --property ccv --json
    counterpoint check history.edn --model cas-register --initial 0 --explain
    counterpoint check history.json --property serializability --json
    counterpoint check histories/*.txt --property causal-consistency --timeout 10 --out results
    counterpoint check history.edn --rename set=write --rename get=read --unknown-initial
    counterpoint check history.jsonl --model my.objects:Account
    counterpoint check --list
    """
    wanted = Wanted(
        form=form,
        model=model,
        property=chosen,
        initial=FROM_THE_FORMAT if initial is None else _initial(initial, as_lines),
        partition=cast(PartitionMode, partition or "auto"),
        nil=cast("Nil | None", nil),
        timeout_seconds=timeout,
        total=total,
        allow_negative=negative,
        renames=_pairs(renames, "--rename", as_lines),
        initial_of={
            _initial(key, as_lines): _initial(value, as_lines)
            for key, value in _pairs(initial_of, "--initial-of", as_lines).items()
        },
        is_initial_unknown=unknown_initial,
        in_short=not (explained or as_lines or out),  # the table has the summary alone
    )
    if out is not None:
        _make(out, as_lines)
    rows, stopped = _check_all(files, wanted, explained, as_lines, out)
    if not as_lines:
        print_table(rows)
    if stopped:
        tell("counterpoint: interrupted; the rest was not checked", err=True)
        sys.exit(stopped)
    sys.exit(exit_code(rows))


def _check_all(
    files: tuple[str, ...], wanted: Wanted, explained: bool, as_lines: bool, out: Path | None
) -> tuple[list[ResultRow], int]:
    """Check, show and write each history; return the exit code of an interruption, else 0, too."""
    rows: list[ResultRow] = []
    line = ProgressLine(quiet=as_lines)
    line.show(f"checking {files[0]}")
    limits = replace(DEFAULT_LIMITS, progress=partial(_reading, line))
    try:
        for checked in check_each(files, replace(wanted, limits=limits)):
            line.clear()
            rows.append(row_of(checked))
            if as_lines:
                emit(as_json(checked))
            elif explained:
                tell("\n".join(explain(checked)) + "\n")
            if out is not None:
                with clear_errors(as_json=as_lines):
                    _write(checked, out, len(rows))
            line.show(f"{len(rows)} checked, the last was {rows[-1].title}: {rows[-1].outcome}")
    except KeyboardInterrupt as stop:
        return rows, exit_code_of(stop)
    finally:
        line.clear()
    return rows, 0


def _pairs(texts: tuple[str, ...], option: str, as_lines: bool) -> dict[str, str]:
    """Take the values of an option apart that are name=value."""
    pairs: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (equals and name and value):
            refuse(f"{option} {plain(text)} is no name=value", as_json=as_lines)
        pairs[name] = value
    return pairs


def _reading(line: ProgressLine, done: int, whole: int) -> None:
    """Say how far the reading of a long file has come."""
    if whole >= LONG_CHARS:
        line.show(f"reading: {done / 1e6:,.0f} of {whole / 1e6:,.0f} MB")


def _initial(text: str, as_lines: bool) -> Hashable:
    from counterpoint.checkers.readers.csv_table import value_of_cell

    try:
        return value_of_cell(text, source="--initial")
    except UnreadableHistory as error:
        refuse(str(error), as_json=as_lines)


def _make(folder: Path, as_lines: bool) -> None:
    with clear_errors(as_json=as_lines):
        folder.mkdir(parents=True, exist_ok=True)
        require_folder(folder)


def _write(checked: Checked, folder: Path, number: int) -> None:
    """Write one result; the number keeps files of one name apart."""
    name = re.sub(r"[^\w.-]+", "_", Path(checked.title).name)[:80]
    place = folder / f"{number:04d}-{name}"
    text = json.dumps(as_json(checked), ensure_ascii=True, indent=1)
    write_text(place.with_name(place.name + ".json"), text + "\n")
    write_text(place.with_name(place.name + ".txt"), "\n".join(explain(checked)) + "\n")
