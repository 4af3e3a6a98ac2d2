"""What must hold of the exercises: properties of what clients were told, and of what is read at rest."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import Any

from counterpoint.checkers.history import UNKNOWN, History, Operation
from counterpoint.checkers.log_delivery import check_log_delivery
from counterpoint.checkers.operations import Seen, operations_of
from counterpoint.checkers.transactions.list_append import check_list_append
from counterpoint.harness.maelstrom.external_system import ProgramError
from counterpoint.harness.maelstrom.last_reads import last_answers
from counterpoint.model.claims import Property
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, Value, show
from counterpoint.model.verdict import Verdict, broken, holds

Answered = Mapping[NodeId, Mapping[str, Any] | None]
"""What each program answers at rest."""


def seen(operation: Value, result: Any) -> Seen:
    """Return how an operation that is a word, or begins with one, looks to a checker.

    >>> seen(("add", 3), "ok")
    Seen(f='add', key=None, argument=3, result='ok', status='ok')
    """
    word, *asked = operation if isinstance(operation, tuple) else (operation,)
    status: Any = "ok"
    if isinstance(result, ProgramError):
        status = "fail" if result.is_certain else "info"
    key = asked.pop(0) if len(asked) > 1 else None
    return Seen(str(word), key, asked[0] if asked else None, result, status)


def of_history(name: str, judge: Callable[[History], Verdict]) -> Property:
    """Return the property that a function of the history judges."""

    def check(trace: Trace) -> Verdict:
        return judge(operations_of(trace, seen))

    return Property(name, check)


def at_rest(
    name: str, question: Mapping[str, Any], judge: Callable[[History, Answered], Verdict]
) -> Property:
    """Return the property that judges a history by what the programs answer at rest."""

    def check(trace: Trace) -> Verdict:
        return judge(operations_of(trace, seen), last_answers(trace.final, question))

    return Property(name, check, reads="end")


def _of(history: History, f: str, *statuses: str) -> list[Operation]:
    return [one for one in history if one.f == f and one.status in (statuses or ("ok",))]


# ---- echo, unique ids ----------------------------------------------------------------------------


def _echo(history: History) -> Verdict:
    for one in _of(history, "echo"):
        if one.result != one.argument:
            why = f"{one.client} said {show(one.argument)} and was told {show(one.result)}"
            return broken("echo", why, examined=len(history), culprits=(one.id,))
    return holds("echo", examined=len(_of(history, "echo")))


def _unique(history: History) -> Verdict:
    first: dict[Hashable, Operation] = {}
    answered = _of(history, "generate")
    for one in answered:
        other = first.setdefault(one.result, one)
        if other is not one:
            why = f"{other.client} and {one.client} were both given {show(one.result)}"
            culprits = (other.id, one.id)
            return broken("unique ids", why, examined=len(answered), culprits=culprits)
    return holds("unique ids", examined=len(answered))


ECHO, UNIQUE = of_history("echo", _echo), of_history("unique ids", _unique)


# ---- sets and counters ---------------------------------------------------------------------------


def _set_of(
    name: str, said_by: str, shown_as: str, history: History, answered: Answered
) -> Verdict:
    """Judge a set that grows, whose elements are added by one word and shown in one field."""
    said = {one.argument: one for one in _of(history, said_by, "ok", "info")}
    told = {one.argument: one for one in _of(history, said_by)}
    for one in _of(history, "read"):
        assert isinstance(one.result, tuple), one
        made_up = [value for value in one.result if value not in said]
        if made_up:
            why = f"{one.client} read {show(made_up[0])}, which nobody has put there"
            return broken(name, why, examined=len(history), culprits=(one.id,))
    for node, answer in answered.items():
        shown = None if answer is None else answer.get(shown_as)
        if not isinstance(shown, list):
            why = f"at rest {node} does not answer a read with {shown_as}"
            return broken(name, why, examined=len(history))
        for value, one in told.items():
            if value not in shown:
                why = (
                    f"at rest {node} does not have {show(value)}, which {one.client} has put there"
                )
                return broken(name, why, examined=len(history), culprits=(one.id,))
    return holds(name, examined=len(told))


def _counter(history: History, answered: Answered) -> Verdict:
    name = "counter"
    sure = sum(_number(one.argument) for one in _of(history, "add"))
    unsure = [_number(one.argument) for one in _of(history, "add", "info")]
    possible = {sure}
    for number in unsure:
        possible |= {total + number for total in possible}
    asked = [_number(one.argument) for one in _of(history, "add", "ok", "info")]
    least, most = sum(n for n in asked if n < 0), sum(n for n in asked if n > 0)
    for one in _of(history, "read"):
        if not least <= _number(one.result) <= most:
            why = f"{one.client} read {show(one.result)}; all that was added is {least} to {most}"
            return broken(name, why, examined=len(history), culprits=(one.id,))
    for node, answer in answered.items():
        shown = None if answer is None else answer.get("value")
        if shown not in possible:
            right = " or ".join(map(str, sorted(possible)[:4]))
            why = f"at rest {node} has {shown}; what was added and acknowledged makes {right}"
            return broken(name, why, examined=len(history))
    return holds(name, examined=len(history))


def _number(value: object) -> int:
    assert isinstance(value, int), value
    return value


BROADCAST = at_rest(
    "broadcast", {"type": "read"}, partial(_set_of, "broadcast", "broadcast", "messages")
)
SET = at_rest("set", {"type": "read"}, partial(_set_of, "set", "add", "value"))
COUNTER = at_rest("counter", {"type": "read"}, _counter)


# ---- a replicated log ----------------------------------------------------------------------------


def _log_seen(operation: Value, result: Any) -> Seen | None:
    match operation:
        case ("send", key, value):
            status = seen(operation, result).status
            return Seen("send", key, value, result if status == "ok" else UNKNOWN, status)
        case "poll":
            if isinstance(result, ProgramError) or result is UNKNOWN:
                return None
            return Seen("poll", "k", None, (("k", result),))
    return None


def _log(trace: Trace) -> Verdict:
    name = "log"
    history = operations_of(trace, _log_seen)
    verdict = check_log_delivery(history)
    if verdict.is_broken:
        return verdict
    sent = [one for one in history if one.f == "send" and one.status == "ok"]
    answered = last_answers(trace.final, {"type": "poll", "offsets": {"k": 0}})
    for node, answer in answered.items():
        shown = {} if answer is None else answer.get("msgs", {})
        found = [tuple(pair) for pair in shown.get("k", [])]
        for one in sent:
            if (one.result, one.argument) not in found:
                why = f"at rest {node} does not show {show(one.argument)} at offset {one.result}"
                because = (f"{one.client} has sent it there",)
                return broken(name, why, examined=len(history), because=because, culprits=(one.id,))
    return holds(name, examined=len(sent))


LOG = Property("log", _log, reads="end")


def _committed(history: History) -> Verdict:
    name = "committed offsets"
    listed = _of(history, "committed")
    for one in listed:
        for other in _of(history, "commit"):
            if other.precedes(one) and (
                one.result is None or _number(one.result) < _number(other.result)
            ):
                why = (
                    f"{one.client} was told {show(one.result)} after {other.client} had committed "
                    f"{show(other.result)}"
                )
                culprits = (other.id, one.id)
                return broken(name, why, examined=len(listed), culprits=culprits)
    return holds(name, examined=len(listed))


COMMITTED = of_history("committed offsets", _committed)


# ---- transactions --------------------------------------------------------------------------------


def _transaction(operation: Value, result: Any) -> Seen:
    """Return a transaction as a checker knows it: what was asked, and what was read."""
    status = seen(operation, result).status
    done = result if status == "ok" else UNKNOWN
    assert isinstance(operation, tuple), operation
    return Seen("txn", None, operation[1], done, status)


TRANSACTIONS = Property(
    "strict serializability",
    lambda trace: check_list_append(operations_of(trace, _transaction)),
)
