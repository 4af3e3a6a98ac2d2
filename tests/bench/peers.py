"""Histories in the formats of other checkers, so that anyone can run those beside ours.

    python -m tests.bench.peers FOLDER --operations 100000

AWDIT reads the first two (`awdit check -i causal -f test` and `-f plume`), Plume the second,
porcupine's own tests the third (as `test_data/kv/NAME.txt`); `counterpoint check` reads all three.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import click

from counterpoint.checkers.history import History, Operation
from tests.bench.bench_causal import store_history
from tests.bench.bench_histories import register_history


def awdit_text(history: History) -> str:
    """Write sessions as AWDIT's own tests have them, the initial 0 of each key by one of their own."""
    keys = sorted({str(op.key) for op in history})
    sessions = [[f"w {key[1:]} 0" for key in keys]]
    sessions += [[_awdit_line(op) for op in calls] for calls in _sessions(history)]
    return "\n=====\n".join("\n-----\n".join(lines) for lines in sessions) + "\n"


def _awdit_line(op: Operation) -> str:
    kind, value = _read_or_written(op)
    return f"{kind} {str(op.key)[1:]} {value}"


def plume_text(history: History) -> str:
    """Write one access a line, every operation a transaction; a read of 0 is of the initial value."""
    lines = []
    number = 0
    for session, calls in enumerate(_sessions(history)):
        for op in calls:
            kind, value = _read_or_written(op)
            lines.append(f"{kind}({str(op.key)[1:]},{value},{session},{number})")
            number += 1
    return "\n".join(lines) + "\n"


def _sessions(history: History) -> Iterator[list[Operation]]:
    by_client = sorted(history, key=lambda op: int(op.client[1:]))
    return (list(calls) for _, calls in groupby(by_client, key=lambda op: op.client))


def _read_or_written(op: Operation) -> tuple[str, int]:
    """The letter and the value that both formats have; values count from 1, 0 is initial."""
    value = op.argument if op.f == "write" else op.result
    assert value is None or isinstance(value, int)
    return ("w" if op.f == "write" else "r"), 0 if value is None else value + 1


def porcupine_log(history: History) -> str:
    """Write puts and gets of one key as porcupine's key-value logs have them."""
    lines = []
    for op in history:
        value = op.argument if op.f == "write" else op.result
        shown = '""' if value is None else f'"{value}"'
        f, process = ("put" if op.f == "write" else "get"), op.client[1:]
        head = f'{{:process {process}, :type %s, :f :{f}, :key "{op.key}", :value %s}}'
        asked = shown if op.f == "write" else "nil"
        lines += [(op.called, head % (":invoke", asked)), (op.returned, head % (":ok", shown))]
    return "\n".join(line for _, line in sorted(lines, key=lambda line: line[0])) + "\n"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--operations", default=100_000, show_default=True, help="How many in each.")
def main(folder: Path, operations: int) -> None:
    """Write causal-N.awdit.txt, causal-N.plume.txt and register-N.kv.txt into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    causal = store_history(operations, by_stamp=True)
    for name, text in (
        (f"causal-{operations}.awdit.txt", awdit_text(causal)),
        (f"causal-{operations}.plume.txt", plume_text(causal)),
        (f"register-{operations}.kv.txt", porcupine_log(register_history(operations))),
    ):
        (folder / name).write_text(text, encoding="utf-8")
        click.echo(folder / name)


if __name__ == "__main__":
    main()
