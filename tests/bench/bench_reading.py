"""How long reading a recorded history takes, as a whole process and alone, and what it needs."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

from counterpoint.checkers.history import Operation
from counterpoint.checkers.readers import FORMATS
from counterpoint.checkers.readers.jepsen_edn import exact_case
from tests.bench.bench_histories import register_history
from tests.bench.measure import COMMAND, Figure, process_used, seconds

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
    yield from session_figures()


def session_figures() -> Iterator[Figure]:
    """Yield the figures of AWDIT's and Plume's text; AWDIT itself needed 0.35 s for 100,000."""
    for count, aim in ((100_000, "<= 0.7"), (1_000_000, "<= 12")):
        with tempfile.TemporaryDirectory() as folder:
            for form, path in written_sessions(count, Path(folder)).items():
                data = path.read_bytes()
                read = seconds(lambda f=form, d=data: FORMATS[f].read(d, source="made"), 1)  # type: ignore[misc]
                yield Figure(f"{form}, {count:,} accesses read", read, "s")
                cpu, memory = whole_process(path, "--property", "causal-consistency")
                yield Figure(f"{form}, {count:,} accesses checked", cpu, "s", aim, "whole process")
                yield Figure(f"{form}, {count:,} accesses, memory", memory / 1e6, "MB")


def written_sessions(count: int, folder: Path) -> dict[str, Path]:
    """Write one serial run of twenty sessions as AWDIT's text and as Plume's: anyone can run them."""
    random = Random(1)
    newest: dict[int, int] = {}
    sessions: list[list[list[tuple[str, int, int]]]] = [[] for _ in range(20)]
    for number in range(1, count // 2 + 1):
        transaction: list[tuple[str, int, int]] = []
        for _ in range(2):
            key = random.randrange(count // 100)
            kind = "r" if key in newest and random.random() < 0.5 else "w"
            if kind == "w":
                newest[key] = 2 * number + len(transaction)
            transaction.append((kind, key, newest[key]))
        random.choice(sessions).append(transaction)
    paths = {"awdit-text": folder / "awdit.txt", "plume-text": folder / "plume.txt"}
    blocks = (
        "-----\n".join("".join(f"{k} {x} {v}\n" for k, x, v in one) for one in session)
        for session in sessions
    )
    paths["awdit-text"].write_text("=====\n".join(blocks))
    numbered = ((s, t, one) for s, session in enumerate(sessions) for t, one in enumerate(session))
    lines = (f"{k}({x},{v},{s},{t * 20 + s})\n" for s, t, one in numbered for k, x, v in one)
    paths["plume-text"].write_text("".join(lines))
    return paths


def whole_process(path: Path, *options: str) -> tuple[float, int]:
    """Check a file in a process of its own; return its processor seconds and its memory in bytes."""
    return process_used(["-c", COMMAND, "check", str(path), "--json", *options])


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
