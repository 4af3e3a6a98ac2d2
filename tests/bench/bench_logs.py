"""How fast recorded logs are judged that porcupine's own tests read, where the corpora are at hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from counterpoint.checkers.history import History
from counterpoint.checkers.linearizability.check import check_linearizability
from counterpoint.checkers.objects.sequential import Specification
from counterpoint.checkers.objects.specifications import CasRegister, Text
from counterpoint.checkers.readers import read_cases
from counterpoint.harness.output import BROKEN
from tests.bench.measure import COMMAND, Figure, process_seconds, seconds
from tests.checkers.readers.corpora import entries

PORCUPINE_SECONDS = 0.011
"""porcupine, in Go, on `c50-bad`, in a session in which this took 0.3 s."""


def figures() -> Iterator[Figure]:
    """Yield the figures; none without the corpora."""
    stores = {entry.path.stem: entry for entry in entries("porcupine-kv")}
    if stores:
        bad = _history(stores["c50-bad"].path.read_bytes())
        peer, aim = PORCUPINE_SECONDS, f"<= {2 * PORCUPINE_SECONDS:g}"
        yield Figure("c50-bad decided", _took([bad], Text()), "s", aim, "all ten keys", peer)
        yield Figure("  explained, too", _took([bad], Text(), explain=True), "s")
    logs = [_history(entry.path.read_bytes()) for entry in entries("porcupine-etcd")]
    if logs:
        decided = _took(logs, CasRegister())
        yield Figure(f"{len(logs)} logs of etcd decided", decided, "s")
        yield Figure("  explained, too", _took(logs, CasRegister(), explain=True), "s")
        check = ["-c", COMMAND, "check", *(str(entry.path) for entry in entries("porcupine-etcd"))]
        for what, options in (("in a table", []), ("explained", ["--explain"])):
            took = process_seconds([*check, *options], rounds=3, exit_code=BROKEN)
            yield Figure(f"  the whole process, {what}", took, "s")


def _history(data: bytes) -> History:
    (case,) = read_cases(data, source="corpora")
    assert isinstance(case.history, tuple)
    return case.history


def _took(
    histories: Sequence[History], specification: Specification, *, explain: bool = False
) -> float:
    def judge() -> None:
        for history in histories:
            check_linearizability(history, specification, explain=explain)

    return seconds(judge)
