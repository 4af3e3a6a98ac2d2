"""A file with histories, checked, as the page of one of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from counterpoint.checkers.readers import Case
from counterpoint.harness.checking.cases import check_case
from counterpoint.harness.checking.files import checked_cases
from counterpoint.harness.checking.forms import CannotCheck
from counterpoint.harness.checking.wanted import Checked, Wanted
from counterpoint.harness.timeline.data import timeline_data
from counterpoint.harness.timeline.page import timeline_html
from counterpoint.harness.timeline.prefix import CLOSED, legal_until
from counterpoint.model.tracefile import FORMAT

HEADER = f'"format":"{FORMAT}"'.encode()
"""What the first line of a trace has in it."""


def is_trace(file: Path) -> bool:
    """Tell whether a file begins as a trace does; an unreadable one may be one.

    A file of which nothing can be read is left to whoever opens traces: they say what is wrong.
    """
    try:
        with file.open("rb") as opened:
            return HEADER in opened.readline(65_536)
    except OSError:
        return "#" not in file.name


def history_html(file: str, wanted: Wanted, *, seconds: float) -> tuple[Checked, str]:
    """Check the one history that `file` names, or the first that is broken, and return its page.

    Raises:
        CannotCheck: it cannot be read, or be shown in time.
    """
    checked, case = _chosen(file, wanted)
    if checked.error and not checked.history:
        raise CannotCheck(checked.error)
    legal = None
    if case is not None and checked.outcome == "broken" and checked.property in CLOSED:
        asked = replace(wanted, model=checked.model, property=checked.property)
        legal = legal_until(case, asked, seconds=seconds) if seconds > 0 else None
    try:
        return checked, timeline_html(timeline_data(checked, legal_until=legal))
    except ValueError as error:
        raise CannotCheck(str(error)) from None


def _chosen(file: str, wanted: Wanted) -> tuple[Checked, Case | None]:
    first: tuple[Checked, Case | None] | None = None
    for case in checked_cases(file, wanted):
        found = (case, None) if isinstance(case, Checked) else (check_case(case, wanted), case)
        if found[0].outcome == "broken":
            return found
        first = first or found
    assert first is not None, "a file has a history, or a reason why not"
    return first
