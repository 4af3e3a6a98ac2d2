"""Long histories of the plain kind, decided on numpy columns.

Columns decide: a history holds, or here it breaks. Why it breaks is told by the plain checkers,
which are also the twins that the tests compare these with. numpy is optional: nothing outside this
folder imports what is in it before `is_worth_it` was asked.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec

OPERATIONS_MIN = 10_000
"""Below this, to import numpy takes longer than columns save."""


@cache
def _has_numpy() -> bool:
    return find_spec("numpy") is not None


def is_worth_it(count: int) -> bool:
    """Tell whether a history of so many operations should be decided on columns."""
    return count >= OPERATIONS_MIN and _has_numpy()
