"""What the writers of our own schema write, its readers read back, field by field."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.checkers.events import EventType, RecordedEvent, operations, ranked
from counterpoint.checkers.history import History, Operation
from counterpoint.checkers.readers import FORMATS
from tests.checkers.readers.own_schema import csv_table, json_lines

atoms = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6)
    | st.sampled_from(
        ["null", "5", "true", '"', "[", "nan", "-Infinity", ",", "\n", "\r", "a\r\nb", "1e5"]
    )
)
values = st.recursive(atoms, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=5)


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Draw what the front end makes of a few clients' well-formed events."""
    events: list[RecordedEvent] = []
    open_calls: dict[str, RecordedEvent] = {}
    for step in range(draw(st.integers(1, 12))):
        client = draw(
            st.sampled_from(
                ["a", "b", 'c,"d'],
            )
        )
        call = open_calls.pop(client, None)
        if call is None:
            f = draw(st.sampled_from(["read", "write", "cas", "dequeue"]))
            call = RecordedEvent(client, "invoke", f, draw(values), draw(values), 0, step)
            open_calls[client] = call
            events.append(call)
        else:
            kind: EventType = draw(st.sampled_from(["ok", "fail", "info"]))
            said = None if call.f in ("write", "cas") else draw(values)
            events.append(RecordedEvent(client, kind, call.f, call.key, said, 0, step))
    return operations(events, source="made")


@pytest.mark.slow
@given(histories())
def test_both_carriers_give_a_history_back(drawn: History) -> None:
    """For every history h that the front end makes: reading what was written of h gives h."""
    history = ranked(drawn, source="made")  # without the gaps that an "info" leaves between ranks
    for form, text in (("jsonl", json_lines(history)), ("csv", csv_table(history))):
        (case,) = FORMATS[form].read(text, source="made")
        assert repr(case.history) == repr(history), form


@pytest.mark.parametrize("value", [frozenset({1}), Decimal(1), (1, (float("inf"),)), float("nan")])
def test_what_json_cannot_give_back_is_not_written(value: object) -> None:
    op = Operation("o1", "a", "write", None, value, None, 0, 1)
    with pytest.raises(ValueError, match=r"JSON cannot give back|cannot be compared"):
        json_lines([op])
    with pytest.raises(ValueError, match=r"JSON cannot give back|cannot be compared"):
        csv_table([op])
