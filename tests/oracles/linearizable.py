"""What must hold of the oracle registers, from the calls that their clients announce."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from counterpoint.checkers.linearizability.observers import LinearizabilityObserver
from counterpoint.checkers.objects.registers import Register
from counterpoint.checkers.operations import Seen, operations_of
from counterpoint.checkers.register.check import check_register
from counterpoint.model.observer import Observation
from counterpoint.model.scenario import Property
from counterpoint.model.trace import Trace
from counterpoint.model.values import Value
from counterpoint.model.verdict import Verdict, broken, holds

NOTHING = "\0"
"""What a register holds before anything was written to it."""


def linearizability() -> Property:
    """The register is one register; nothing was written to it before the run."""
    observer = LinearizabilityObserver(Register(NOTHING), view)
    return Property("linearizability", _check, observer=observer)


def view(operation: Value, result: Value) -> Seen | None:
    """Show a call to the checkers of registers."""
    if operation == "get":
        return Seen("read", "x", None, result)
    assert isinstance(operation, tuple), f"{operation!r} is no operation of a register"
    return Seen("write", "x", operation[1], result)


def _check(trace: Trace) -> Verdict:
    return check_register(operations_of(trace, view), initial=NOTHING)


def nothing_is_read() -> Property:
    """No read returns a written value: false on purpose, to find the shortest run in which one does."""
    return Property("nothing is read", _check_nothing, observer=_NothingIsRead())


def _is_value(kind: str, result: Value) -> bool:
    return kind == "return" and result not in (NOTHING, "ok")


def _check_nothing(trace: Trace) -> Verdict:
    returns = [event.value for event in trace.events if event.kind == "return"]
    values = [value for value in returns if _is_value("return", value)]
    if values:
        return broken("nothing is read", f"{values[0]} was read", examined=len(returns))
    return holds("nothing is read", examined=len(returns))


@dataclass(frozen=True, slots=True)
class _NothingIsRead:
    """Remembers nothing but whether a value was read."""

    @property
    def initial(self) -> Value:
        return False

    def observe(self, memory: Value, seen: Sequence[Observation]) -> Value:
        return memory is True or any(_is_value(o.kind, o.value) for o in seen)

    def is_broken(self, memory: Value) -> bool:
        return memory is True
