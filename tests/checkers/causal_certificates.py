"""An independent look at the certificates of `check_causal`: sets and replays, no clocks.

It shares no code with the checkers. Quadratic, for histories in which every value tells its write."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

from counterpoint.checkers.history import UNKNOWN, History, Operation
from counterpoint.checkers.judging import Views
from counterpoint.model.verdict import Verdict

Writers = Mapping[tuple[Hashable, Hashable], str]


def complaint(history: History, verdict: Verdict, *, level: str, initial: Hashable = None) -> str:
    """Say what is wrong with the witness of a verdict that holds, or nothing.

    For histories of answered operations, in which no two writes of a key have the same value and
    none writes the initial value.
    """
    operations = {op.id: op for op in history if op.f == "write" or op.result is not UNKNOWN}
    if sorted(verdict.witness) != sorted(operations):
        return "the witness does not have every operation once"
    writers = {(op.key, op.argument): op.id for op in history if op.f == "write"}
    past = _pasts(operations, verdict.witness, writers)
    if past is None:
        return "the witness puts an operation before one that it depends on"
    if level == "cm":
        return _views_complaint(operations, writers, past, verdict)
    for read in operations.values():
        if read.f == "read":
            known = [i for i in verdict.witness if i in past[read.id]]
            known = [i for i in known if _writes(operations[i], read.key)]
            source = writers.get((read.key, read.result))
            if level == "ccv" and source != (known[-1] if known else None):
                return f"{read.id} does not return the last write that it knows"
            if level == "cc" and any(source is None or source in past[i] for i in known):
                return f"{read.id} returns what was replaced"
    return (
        ""
        if all(
            read.result == initial or (read.key, read.result) in writers
            for read in operations.values()
            if read.f == "read"
        )
        else "a value from nowhere"
    )


def _writes(op: Operation, key: Hashable) -> bool:
    return op.f == "write" and op.key == key


def _pasts(
    operations: Mapping[str, Operation], order: Sequence[str], writers: Writers
) -> dict[str, set[str]] | None:
    """What precedes each operation, or None where the order does not respect it."""
    past: dict[str, set[str]] = {}
    latest: dict[str, str] = {}
    for here in order:
        op = operations[here]
        causes = [latest[op.client]] if op.client in latest else []
        if causes and operations[causes[0]].called > op.called:
            return None
        if op.f == "read" and (op.key, op.result) in writers:
            causes.append(writers[op.key, op.result])
        if any(cause not in past for cause in causes):
            return None
        past[here] = {i for cause in causes for i in (cause, *past[cause])}
        latest[op.client] = here
    return past


def _views_complaint(
    operations: Mapping[str, Operation],
    writers: Writers,
    past: Mapping[str, set[str]],
    verdict: Verdict,
) -> str:
    found = verdict.find(Views)
    views = {} if found is None else found.views
    for client in {op.client for op in operations.values() if op.f == "read"}:
        view = views.get(client, ())
        reads = [i for i, op in operations.items() if op.client == client and op.f == "read"]
        last = max(reads, key=lambda i: operations[i].called)
        known = {i for i in past[last] if operations[i].f == "write"}
        if sorted(view) != sorted([*known, *reads]):
            return f"the view of {client} has not what it knows"
        if any(i in past[j] for place, i in enumerate(view) for j in view[:place]):
            return f"the view of {client} is not in causal order"
        newest: dict[Hashable, str] = {}
        for i in view:
            op = operations[i]
            if op.f == "write":
                newest[op.key] = i
            elif newest.get(op.key) != writers.get((op.key, op.result)):
                return f"the view of {client} does not explain {i}"
    return ""
