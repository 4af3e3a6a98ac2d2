"""What the default suite tries of a long list of cases, the whole of which is tried by night."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import settings


def each(step: int, cases: Iterable[Any]) -> list[Any]:
    """Return cases to parametrise a test with: one of so many by day, each of them by night.

    A case is a value, or a `pytest.param` that keeps its name and its marks.

    >>> [len(case.marks) for case in each(3, "abcd")]
    [0, 1, 1, 0]
    """
    params = [case if hasattr(case, "marks") else pytest.param(case) for case in cases]
    return [by_night(case) if number % step else case for number, case in enumerate(params)]


def by_day(few: int, many: int) -> list[Any]:
    """Return how often something is tried: a few times by day, many times by night."""
    return [few, pytest.param(many, marks=pytest.mark.nightly)]


def by_night(case: Any) -> Any:
    """Return a parameter that is tried by night alone."""
    return pytest.param(*case.values, id=case.id, marks=[*case.marks, pytest.mark.nightly])


def examples(count: int) -> settings:
    """Return how many examples Hypothesis makes: so many by day, and as many times more by night.

    The profile says how many by night where a test says nothing; a number at a test would otherwise
    be that of the night as well.

    >>> settings.get_profile("night").max_examples // settings.get_profile("day").max_examples
    10
    """
    by_day = settings.get_profile("day").max_examples
    return settings(max_examples=count * settings().max_examples // by_day)
