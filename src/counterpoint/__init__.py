"""Counterpoint: find the shortest run that breaks a message-passing protocol, and say why.

    import counterpoint
    test_register = counterpoint.verify(scenario)

All that a protocol, a scenario and their tests need can be had from here. Nothing is imported before
it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from counterpoint.harness.testing import machine, state_machine_for, verify
    from counterpoint.model.actions import Call, Deliver, Fire, Settle, Transform
    from counterpoint.model.determinism import NotDeterministic
    from counterpoint.model.event import Event
    from counterpoint.model.faults import (
        Crash,
        Cut,
        Delay,
        Drop,
        Duplicate,
        Heal,
        Mend,
        Omit,
        Overtake,
        Release,
        Restart,
    )
    from counterpoint.model.mistakes import BadScenario
    from counterpoint.model.node import (
        Begin,
        CancelTimer,
        ChangeRole,
        Effect,
        Input,
        Invoke,
        Note,
        Persist,
        Receive,
        Recover,
        Return,
        Send,
        SetTimer,
        Start,
        Step,
        System,
        Timeout,
    )
    from counterpoint.model.scenario import (
        Budget,
        Goal,
        Invariant,
        Property,
        Scenario,
        budgets,
        minority_of,
    )
    from counterpoint.model.search.failure import ExaminedNothing, PropertyBroken
    from counterpoint.model.search.replay import judge, run
    from counterpoint.model.trace import Trace
    from counterpoint.model.values import NodeId, Value
    from counterpoint.model.verdict import (
        Edge,
        Outcome,
        Reason,
        Verdict,
        Violation,
        at_step,
        broken,
        holds,
        said,
        undecided,
    )

__all__ = [
    "BadScenario", "Begin", "Budget", "Call", "CancelTimer", "ChangeRole", "Crash", "Cut", "Delay",
    "Deliver", "Drop", "Duplicate", "Edge", "Effect", "Event", "ExaminedNothing", "Fire", "Goal",
    "Heal", "Input", "Invariant", "Invoke", "Mend", "NodeId", "NotDeterministic", "Note", "Omit",
    "Outcome", "Overtake",
    "Persist", "Property", "PropertyBroken", "Reason", "Receive", "Recover", "Release", "Restart",
    "Return", "Scenario", "Send", "SetTimer", "Settle", "Start", "Step", "System", "Timeout", "Trace",
    "Transform", "Value", "Verdict", "Violation", "at_step", "broken", "budgets", "holds", "judge",
    "machine", "minority_of", "run", "said", "state_machine_for", "undecided", "verify",
]  # fmt: skip

_HOMES = {
    "harness.testing": ("machine", "state_machine_for", "verify"),
    "model.actions": ("Call", "Deliver", "Fire", "Settle", "Transform"),
    "model.faults": (
        "Crash", "Cut", "Delay", "Drop", "Duplicate", "Heal", "Mend", "Omit", "Overtake", "Release",
        "Restart",
    ),
    "model.determinism": ("NotDeterministic",),
    "model.mistakes": ("BadScenario",),
    "model.node": (
        "Begin", "CancelTimer", "ChangeRole", "Effect", "Input", "Invoke", "Note", "Persist",
        "Receive", "Recover", "Return", "Send", "SetTimer", "Start", "Step", "System", "Timeout",
    ),
    "model.scenario": ("Budget", "Goal", "Invariant", "Property", "Scenario", "budgets", "minority_of"),
    "model.search.failure": ("ExaminedNothing", "PropertyBroken"),
    "model.search.replay": ("judge", "run"),
    "model.event": ("Event",),
    "model.trace": ("Trace",),
    "model.values": ("NodeId", "Value"),
    "model.verdict": (
        "Edge", "Outcome", "Reason", "Verdict", "Violation", "at_step", "broken", "holds", "said",
        "undecided",
    ),
}  # fmt: skip


def __getattr__(name: str) -> object:
    for module, names in _HOMES.items():
        if name in names:
            found = globals()[name] = getattr(import_module(f"counterpoint.{module}"), name)
            return found
    raise AttributeError(f"module 'counterpoint' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
