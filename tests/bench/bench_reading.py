"""How long reading a recorded history takes, as a whole process and alone, and what it needs."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from counterpoint.checkers.history import Operation
from counterpoint.checkers.readers import FORMATS
from counterpoint.checkers.readers.jepsen_edn import exact_case
from tests.bench.bench_histories import register_history
from tests.bench.measure import Figure, seconds

PROGRAM = "from counterpoint.harness.cli import main; main()"
AIMS = {100_000: "<= 1.2", 1_000_000: "<= 12"}


def figures() -> Iterator[Figure]:
    """Yield the figures."""
    for count, aim in AIMS.items():
        with tempfile.TemporaryDirectory() as folder:
            for form, path in written(count, Path(folder)).items():
                if count <= 100_000:
                    data = path.read_bytes()
                    read = seconds(lambda f=form, d=data: FORMATS[f].read(d, source="made"), 2)  # type: ignore[misc]
                    yield Figure(f"{form}, {count:,} operations read", read, "s")
                    if form == "edn":
                        slow = seconds(lambda d=data: exact_case(d.decode(), source="made"), 1)  # type: ignore[misc]
                        note = "value by value against in bulk, in this run"
                        yield Figure("edn, exact reader / in bulk", slow / read, "times", "", note)
                cpu, memory = whole_process(path)
                yield Figure(
                    f"{form}, {count:,} operations checked", cpu, "s", aim, "whole process"
                )
                yield Figure(f"{form}, {count:,} operations, memory", memory / 1e6, "MB")


def whole_process(path: Path) -> tuple[float, int]:
    """Check a file in a process of its own; return its processor seconds and its memory in bytes."""
    process = os.posix_spawn(
        sys.executable,
        [sys.executable, "-c", PROGRAM, "check", str(path), "--json"],
        dict(os.environ),
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, usage = os.wait4(process, 0)
    assert os.waitstatus_to_exitcode(status) == 0, f"checking {path} failed"
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def written(count: int, folder: Path) -> dict[str, Path]:
    """Write one register history in several formats."""
    ends = [(op.called, op, "invoke") for op in register_history(count)]
    ends += [(op.returned, op, "ok") for _, op, _ in ends]
    ends.sort(key=lambda end: end[0])
    paths = {"edn": folder / "h.edn", "csv": folder / "h.csv", "jsonl": folder / "h.jsonl"}
    with (
        paths["edn"].open("w") as edn,
        paths["csv"].open("w") as csv,
        paths["jsonl"].open("w") as jsonl,
    ):
        csv.write("client,type,f,key,value\n")
        for index, (_, op, kind) in enumerate(ends):
            value = value_at(op, kind)
            edn.write(
                f"{{:process {op.client[1:]}, :type :{kind}, :f :{op.f}, :value "
                f"{'nil' if value is None else value}, :time {index * 1000}, :index {index}}}\n"
            )
            cell = "" if kind == "invoke" and op.f == "read" else json.dumps(value)
            csv.write(f"{op.client},{kind},{op.f},x,{cell}\n")
            row = {"client": op.client, "type": kind, "f": op.f, "key": "x"}
            jsonl.write(json.dumps(row | ({"value": value} if cell else {})) + "\n")
    return paths


def value_at(op: Operation, kind: str) -> object:
    """Return the value that one end of an operation tells."""
    if op.f == "write":
        return op.argument
    return op.result if kind == "ok" else None
