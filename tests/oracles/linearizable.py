"""What must hold of the oracle registers, from the calls that their clients announce."""

from __future__ import annotations

from counterpoint.checkers.linearizability.observers import LinearizabilityObserver
from counterpoint.checkers.objects.registers import Register
from counterpoint.checkers.operations import Seen, operations_of
from counterpoint.checkers.register.check import check_register
from counterpoint.model.scenario import Property
from counterpoint.model.trace import Trace
from counterpoint.model.values import Value
from counterpoint.model.verdict import Verdict

NOTHING = "\0"
"""What a register holds before anything was written to it."""


def linearizability(*, observer: bool) -> Property:
    """The register is one register; nothing was written to it before the run.

    Without the observer an exploration remembers whole histories, as those do whose counts are
    published; with it, what linearizability can still tell apart, which is less.
    """
    automaton = LinearizabilityObserver(Register(NOTHING), view) if observer else None
    return Property("linearizability", _check, observer=automaton)


def view(operation: Value, result: Value) -> Seen | None:
    """Show a call to the checkers of registers."""
    if operation == "get":
        return Seen("read", "x", None, result)
    assert isinstance(operation, tuple), f"{operation!r} is no operation of a register"
    return Seen("write", "x", operation[1], result)


def _check(trace: Trace) -> Verdict:
    return check_register(operations_of(trace, view), initial=NOTHING)


_check.is_about_precedence = True  # type: ignore[attr-defined] # as published counts take it
