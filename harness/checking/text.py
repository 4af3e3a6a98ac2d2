"""The results of a check as text and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass

from counterpoint.checkers.events import OBSERVING
from counterpoint.checkers.history import UNKNOWN, Exact, ExactTuple, History, Operation, inexact
from counterpoint.checkers.transactions.history import Transaction, TransactionHistory
from counterpoint.harness.checking.wanted import Checked
from counterpoint.harness.explanation.plain import plain
from counterpoint.harness.tool import tool
from counterpoint.model.verdict import Verdict

WITNESS_MAX = 30
CULPRITS_MAX = 40
LINE_MAX = 400


def explain(checked: Checked) -> Iterator[str]:
    """Walk the lines that say what was found, and why."""
    yield plain(f"{checked.title}: {checked.property or 'check'}: {checked.outcome}", LINE_MAX)
    if checked.verdict is None:
        yield plain(f"  {checked.error}", LINE_MAX)
        return
    verdict = checked.verdict
    if verdict.summary:
        yield plain(f"  {verdict.summary}", LINE_MAX)
    told = set(verdict.because)
    reasons = [*verdict.because, *(e.because for e in verdict.edges if e.because not in told)]
    yield from (plain(f"    {reason}", LINE_MAX) for reason in reasons)
    named = {one.id: one for one in checked.history}
    for culprit in verdict.culprits[:CULPRITS_MAX]:
        if culprit in named:
            yield plain(f"  {_told(named[culprit])}", LINE_MAX)
    if verdict.witness:
        more = len(verdict.witness) - WITNESS_MAX
        order = " ".join(verdict.witness[:WITNESS_MAX]) + (
            f" ... and {more} more" if more > 0 else ""
        )
        yield plain(f"  an order that explains every answer: {order}", LINE_MAX)
    yield from (f"  {line}" for line in _assumptions(checked))
    yield from (plain(f"  note: {note}", LINE_MAX) for note in checked.notes)


def _assumptions(checked: Checked) -> Iterator[str]:
    """Say which rules the verdict rests on, where the history made use of them."""
    if isinstance(checked.history, TransactionHistory):
        aborted = sum(not transaction.is_committed for transaction in checked.history)
        if aborted:
            yield f"rule: {aborted} transactions were not committed and had no effect"
        return
    statuses = Counter(op.status for op in checked.history)
    if statuses["info"]:
        yield (
            f"rule: {statuses['info']} calls without a known end may have taken effect at any time "
            "after them, or never"
        )
    if statuses["fail"]:
        yield f"rule: {statuses['fail']} failed calls had no effect"
    yield plain(f"rule: before any write the value is {checked.initial!r} (--initial)", LINE_MAX)


def _told(one: Operation | Transaction) -> str:
    """Tell one operation or transaction in a line."""
    if isinstance(one, Transaction):
        accesses = ", ".join(f"{a.kind} {a.key!r}={a.value!r}" for a in one.accesses)
        return f"{one.id} of {one.session}: {accesses}"
    key = "" if one.key is None else f" {one.key!r}"
    asked = "" if one.argument is None else f" {one.argument!r}"
    steps = [str(step) for step in (one.call_step, one.return_step) if step >= 0]
    place = f" (event {' to '.join(steps)})" if steps else f" ({one.called:g} to {one.returned:g})"
    return f"{one.id} of {one.client}: {one.f}{key}{asked}{_answer(one)}{place}"


def _answer(op: Operation) -> str:
    if op.status == "fail":
        return " failed"
    if op.is_open or op.status == "info":
        return " was not answered"
    if op.result is UNKNOWN:
        return " with an answer that nobody saw"
    return "" if op.result is None and op.f not in OBSERVING else f" -> {op.result!r}"


def as_json(checked: Checked) -> dict[str, object]:
    """Return a result as JSON values."""
    verdict = checked.verdict
    result: dict[str, object] = {
        "file": checked.file,
        "case": checked.case,
        "format": checked.form,
        "model": checked.model,
        "property": checked.property,
        "outcome": checked.outcome,
        "error": checked.error,
        "traceback": checked.traceback,
        "operations": checked.operation_count,
        "seconds": round(checked.seconds, 6),
        "notes": list(checked.notes),
        "tool": tool(),
    }
    if verdict is None:
        return result
    named = {one.id: one for one in checked.history}
    return result | {
        "initial": json_value(checked.initial),
        "statuses": dict(_statuses(checked.history)),
        "examined": verdict.examined,
        "summary": verdict.summary,
        "because": list(verdict.because),
        "edges": [
            {"before": e.before, "after": e.after, "rule": e.rule, "because": e.because}
            for e in verdict.edges
        ],
        "culprits": [_member(name, named) for name in verdict.culprits],
        "witness": list(verdict.witness),
        "details": _details(verdict),
    }


def _details(verdict: Verdict) -> dict[str, object]:
    """Return all evidence of a verdict by the names of its fields."""
    return {
        field.name: json_value(getattr(one, field.name))
        for one in verdict.evidence
        if is_dataclass(one)
        for field in fields(one)
    }


def _statuses(history: History | TransactionHistory) -> Counter[str]:
    if isinstance(history, TransactionHistory):
        return Counter("committed" if one.is_committed else "not committed" for one in history)
    return Counter(op.status for op in history)


def _member(name: str, named: Mapping[str, Operation | Transaction]) -> object:
    """Describe one of the operations or transactions behind a violation."""
    one = named.get(name)
    if isinstance(one, Transaction):
        accesses = [[a.kind, json_value(a.key), json_value(a.value)] for a in one.accesses]
        return {"id": one.id, "session": one.session, "accesses": accesses}
    if one is None:
        return {"id": name}
    return {
        "id": one.id,
        "client": one.client,
        "f": one.f,
        "key": json_value(one.key),
        "argument": json_value(one.argument),
        "result": json_value(one.result),
        "status": one.status,
        "call_event": one.call_step,
        "return_event": one.return_step,
    }


def json_value(value: object) -> object:
    """Return a value in JSON, as near as JSON comes.

    >>> from counterpoint.checkers.history import UNKNOWN
    >>> json_value({"a": (1, frozenset({2}), UNKNOWN)})
    {'a': [1, [2], 'UNKNOWN']}
    """
    value = inexact(value) if isinstance(value, Exact | ExactTuple) else value
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): json_value(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(inner) for inner in value]
    if isinstance(value, set | frozenset):
        return sorted((json_value(inner) for inner in value), key=repr)
    return repr(value)
