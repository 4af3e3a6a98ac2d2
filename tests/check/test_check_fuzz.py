"""Whatever clients may have recorded: a verdict, or what is wrong with it; never a defect."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.checkers.events import ECHOING, EventType, RecordedEvent, operations
from counterpoint.checkers.history import History
from counterpoint.checkers.readers import Case
from counterpoint.harness.checking.cases import check_case
from counterpoint.harness.checking.models import MODELS
from counterpoint.harness.checking.properties import PROPERTIES
from counterpoint.harness.checking.table import row_of
from counterpoint.harness.checking.text import as_json, explain
from counterpoint.harness.checking.wanted import Wanted
from tests.support.nights import examples

VALUES = (
    *(
        None,
        0,
        1,
        2,
        True,
        "a",
        "",
        1.5,
        (),
        (1, 2),
        (1, 2, 3),
        frozenset({1}),
        (("a", 1), ("b", 2)),
    ),
    *((("r", "x", None),), (("r", "x", 1), ("w", "y", 2)), (("append", "x", 1), ("r", "x", (1,)))),
    ((":amount", 1), (":from", "a"), (":to", "b")),
)
FUNCTIONS = sorted({f for model in MODELS.values() for f in model.functions} | {"jump"})


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Draw what a few clients may have recorded of a few functions and values."""
    functions = st.sampled_from(draw(st.lists(st.sampled_from(FUNCTIONS), min_size=1, max_size=3)))
    values = st.sampled_from(draw(st.lists(st.sampled_from(VALUES), min_size=1, max_size=4)))
    events: list[RecordedEvent] = []
    pending: dict[str, RecordedEvent] = {}
    for client in draw(st.lists(st.sampled_from("abc"), max_size=14)):
        call = pending.pop(client, None)
        if call is None:
            key = draw(st.sampled_from([None, "x", 1]))
            pending[client] = RecordedEvent(client, "invoke", draw(functions), key, draw(values))
            events.append(pending[client])
            continue
        kind: EventType = draw(st.sampled_from(["ok", "ok", "ok", "fail", "info"]))
        is_echo = call.f in ECHOING or call.f in ("cas", "txn")
        said = draw(st.sampled_from([call.value, None])) if is_echo else draw(values)
        events.append(RecordedEvent(client, kind, call.f, call.key, said))
    return operations(events, source="made")


@pytest.mark.slow
@given(
    history=histories(),
    wanted=st.builds(
        Wanted,
        model=st.sampled_from([None, *MODELS]),
        property=st.sampled_from([None, *PROPERTIES]),
        initial=st.sampled_from([None, 0, "", (1, 2)]),
        partition=st.sampled_from(["key", "none", "tuple"]),
    ),
)
@examples(400)
def test_no_history_and_no_choice_makes_a_check_fail(history: History, wanted: Wanted) -> None:
    """For every history, model, property and option: an outcome that can be shown in every form."""
    checked = check_case(Case("made", "", history, len(history)), wanted)
    assert not checked.traceback, checked.traceback
    assert (checked.verdict is None) == bool(checked.error)
    assert json.loads(json.dumps(as_json(checked)))["outcome"] == checked.outcome
    assert row_of(checked).outcome == checked.outcome
    assert all("\n" not in line for line in explain(checked))
