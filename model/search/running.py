"""What a system wants done around a run as a whole, rather than around each of its steps."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from counterpoint.model.node import System


def while_running(system: System[Any]) -> AbstractContextManager[object]:
    """Return what is entered for as long as a run goes on: `system.while_running()`, if there is one.

    Nothing depends on it but time: a step outside of it does the same.
    """
    around = getattr(system, "while_running", None)
    return nullcontext() if around is None else around()
