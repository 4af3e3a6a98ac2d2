"""What makes tests of scenarios, and what they raise.

    from counterpoint.pytest import verify

    test_lock = verify(LOCK)

pytest loads the plugin by itself; without pytest these are functions, to be called.
"""

from __future__ import annotations

from importlib import import_module

_HOMES = {
    "harness.testing": ("machine", "state_machine_for", "verify"),
    "model.search.failure": ("ExaminedNothing", "NothingBroke", "PropertyBroken"),
}
"""Where each public name is at home: that place may move, the name stays."""

__all__ = sorted(name for names in _HOMES.values() for name in names)


def __getattr__(name: str) -> object:
    for module, names in _HOMES.items():
        if name in names:
            found = globals()[name] = getattr(import_module(f"counterpoint.{module}"), name)
            return found
    raise AttributeError(f"module 'counterpoint.pytest' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
