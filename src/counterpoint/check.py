"""What judges histories, recorded by anybody: checkers, operations, sequential specifications.

    from counterpoint import check

    verdict = check.check_linearizability(history, check.Register(initial=0))

The command `counterpoint check FILE` does so with files of many formats.
"""

from __future__ import annotations

from importlib import import_module

_HOMES = {
    "checkers.causal.check": ("check_causal",),
    "checkers.history": ("History", "MalformedHistory", "OPEN", "Operation", "UNKNOWN", "by_key"),
    "checkers.linearizability.check": ("check_linearizability",),
    "checkers.liveness": ("check_liveness",),
    "checkers.objects.containers": ("AppendList", "Bag", "Counter", "Queue", "Set", "Stack"),
    "checkers.objects.locks": ("Mutex", "OwnedLock", "Semaphore"),
    "checkers.objects.registers": ("CasRegister", "Register"),
    "checkers.objects.sequential": ("ILLEGAL", "Specification", "UnknownOperation"),
    "checkers.operations": ("Seen", "operations_of"),
    "checkers.register.check": ("check_register",),
    "checkers.register.single_writer": ("check_no_inversion", "check_regular", "check_safe"),
    "checkers.sequential_consistency": ("check_sequential_consistency",),
    "checkers.sessions.check": ("check_sessions",),
    "checkers.transactions.check": ("check_transactions",),
    "model.verdict": ("Outcome", "Verdict"),
}
"""Where each public name is at home: that place may move, the name stays."""

__all__ = sorted(name for names in _HOMES.values() for name in names)


def __getattr__(name: str) -> object:
    for module, names in _HOMES.items():
        if name in names:
            found = globals()[name] = getattr(import_module(f"counterpoint.{module}"), name)
            return found
    raise AttributeError(f"module 'counterpoint.check' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
