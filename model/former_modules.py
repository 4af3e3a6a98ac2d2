"""Former modules: what they had can be imported from where it was, for one version, with a warning.

`former_modules.json` says where each name of a module that is gone is now. It is read when a module is
asked for that nothing else finds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any
from warnings import warn

PACKAGE = "counterpoint."


def former_spec(fullname: str) -> ModuleSpec | None:
    """Return how to make a former module, or a package that held one; None for any other."""
    name = fullname.removeprefix(PACKAGE)
    is_package = any(known.startswith(f"{name}.") for known in _places())
    if name not in _places() and not is_package:
        return None
    return ModuleSpec(fullname, _Former, is_package=is_package)  # type: ignore[arg-type]


class _Former:
    """Makes a former module: its names are where `former_modules.json` says that they are now."""

    @staticmethod
    def create_module(_spec: ModuleSpec) -> None:
        """Let the import system make an empty module."""

    @staticmethod
    def exec_module(module: ModuleType) -> None:
        """Let the module find its names where they are now."""
        names = _places().get(module.__name__.removeprefix(PACKAGE), {})

        def find(name: str) -> Any:
            if name not in names:
                raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
            home, _, new = names[name].partition(":")
            said = f"{module.__name__}.{name} is {PACKAGE}{home}.{new} now"
            warn(said, DeprecationWarning, stacklevel=2)
            return getattr(import_module(PACKAGE + home), new)

        vars(module)["__getattr__"] = find


@cache
def _places() -> Mapping[str, Mapping[str, str]]:
    text = Path(__file__).with_name("former_modules.json").read_text(encoding="utf-8")
    found: dict[str, dict[str, str]] = json.loads(text)
    return found
