"""Counterpoint: find the shortest run that breaks a message-passing protocol, and say why.

    import counterpoint
    test_register = counterpoint.verify(scenario)

All that a protocol, a scenario and their tests need can be had from here. Nothing is imported before
it is asked for.
"""

from __future__ import annotations

import sys
from importlib import import_module

_HOMES = {
    "checkers.history": (
        "OPEN", "History", "Operation", "UNKNOWN",
    ),
    "checkers.linearizability.check": (
        "check_linearizability",
    ),
    "checkers.liveness": (
        "check_liveness",
    ),
    "checkers.objects.containers": (
        "AppendList", "Bag", "Counter", "Queue", "Set", "Stack",
    ),
    "checkers.objects.locks": (
        "Mutex", "OwnedLock", "Semaphore",
    ),
    "checkers.objects.registers": (
        "CasRegister", "Register",
    ),
    "checkers.objects.sequential": (
        "ILLEGAL", "Specification", "UnknownOperation",
    ),
    "checkers.operations": (
        "operations_of", "Seen",
    ),
    "checkers.register.check": (
        "check_register",
    ),
    "harness.catalog": (
        "build",
    ),
    "harness.claims": (
        "always", "answers", "at_most_one", "causally_consistent", "conserved", "converges",
        "eventually", "leads_to", "linearizable", "Map", "never_over", "sequentially_consistent",
        "sessions", "sometimes",
    ),
    "harness.suites": (
        "Suite", "WrongVariant",
    ),
    "harness.testing": (
        "machine", "state_machine_for", "verify",
    ),
    "model.actions": (
        "ACTIONS", "Settle", "Transform",
    ),
    "model.claims": (
        "Goal", "Invariant", "Property",
    ),
    "model.determinism": (
        "NotDeterministic",
    ),
    "model.detector": (
        "FailureDetector",
    ),
    "model.event": (
        "Event",
    ),
    "model.fault_state": (
        "Budget", "budgets", "faults",
    ),
    "model.faults": (
        "Crash", "Cut", "Delay", "Drop", "Duplicate", "Heal", "Mend", "Omit", "Overtake",
        "Release", "Restart", "Tear",
    ),
    "model.frozen": (
        "value",
    ),
    "model.kind": (
        "Target", "ActionKind",
    ),
    "model.mistakes": (
        "BadScenario",
    ),
    "model.node": (
        "Begin", "CancelTimer", "ChangeRole", "Effect", "Input", "Invoke", "Note", "Persist",
        "Receive", "Recover", "Return", "Send", "SetTimer", "Start", "Step", "Suspect", "System",
        "Timeout", "Trust",
    ),
    "model.normal": (
        "Call", "Deliver", "Fire",
    ),
    "model.observer": (
        "Observation", "Observer",
    ),
    "model.requirement": (
        "require",
    ),
    "model.roles": (
        "system",
    ),
    "model.scenario": (
        "minority_of", "Scenario",
    ),
    "model.search.drawing": (
        "drawn",
    ),
    "model.search.failure": (
        "ExaminedNothing", "NothingBroke", "PropertyBroken",
    ),
    "model.search.replay": (
        "enabled", "judge", "run",
    ),
    "model.suspicions": (
        "Accuse", "Clear", "Detect",
    ),
    "model.trace": (
        "Trace",
    ),
    "model.values": (
        "NodeId", "NotAValue", "show", "Value",
    ),
    "model.verdict": (
        "at_step", "broken", "Edge", "holds", "Outcome", "Reason", "said", "undecided",
        "Verdict", "Violation",
    ),
    "model.view": (
        "Mover", "View",
    ),
    "model.workload": (
        "Workload", "workload",
    ),
    "model.world": (
        "World",
    ),
}  # fmt: skip
"""Where each public name is at home: that place may move, the name stays."""

__all__ = sorted(name for names in _HOMES.values() for name in names)


_PACKAGES = ("aio", "check", "pytest")
"""Modules of public names of their own: `counterpoint.aio.Node`.

These and what is here is promised; all other modules are the inside, and may change in any version.
"""


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return version("counterpoint")
    if name in _PACKAGES:
        return import_module(f"counterpoint.{name}")
    for module, names in _HOMES.items():
        if name in names:
            found = globals()[name] = getattr(import_module(f"counterpoint.{module}"), name)
            return found
    raise AttributeError(f"module 'counterpoint' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_PACKAGES})


class _FormerModules:
    """Asked, after all others, for a module that is not there: it may have had another name."""

    @staticmethod
    def find_spec(name: str, _path: object = None, _target: object = None) -> object:
        if not name.startswith(f"{__name__}."):
            return None
        from counterpoint.model.former_modules import former_spec

        return former_spec(name)


sys.meta_path.append(_FormerModules)  # type: ignore[arg-type]
