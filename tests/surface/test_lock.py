"""The public names alone: a protocol of some forty lines, and the bug that its test finds."""

from __future__ import annotations

import pytest

import counterpoint as cp
from tests.surface.lock import LOCK, Ask, client


def test_a_wrong_lock_is_found_and_shrunk_to_its_minimum() -> None:
    with pytest.raises(cp.PropertyBroken) as found:
        cp.verify(LOCK, runs=2000, seed=1)()
    assert found.value.verdict.property == "linearizability"
    assert len(found.value.trace.choices) == 11


def test_a_value_is_frozen_hashable_and_made_of_values() -> None:
    assert Ask(1) == Ask(1)
    assert len({Ask(1), Ask(1), Ask(2)}) == 2
    with pytest.raises(AttributeError):
        Ask(1).number = 2  # type: ignore[misc]
    with pytest.raises(cp.NotAValue, match=r"Ask\.number is \[1\], in which \[1\] is a list"):
        Ask([1])  # type: ignore[arg-type]


def test_effects_are_given_one_by_one_or_together() -> None:
    send, done = cp.Send("a", 1), cp.Return("x")
    steps = [cp.Step(0, send, done), cp.Step(0, (send, done)), cp.Step(0, [send], done)]
    assert {step.effects for step in steps} == {(send, done)}
    assert cp.Step(0).effects == ()


def test_a_role_is_a_function_and_what_it_does_not_answer_changes_nothing() -> None:
    system = cp.system(
        {"node-1": (lambda node, _, given: cp.Step((node, given)), 0)}, c1=(client, None)
    )
    assert system.nodes == ("node-1", "c1")
    assert system.handle("node-1", 0, cp.Start()) == cp.Step(("node-1", cp.Start()))
    assert system.handle("c1", None, cp.Start()) == cp.Step(None)


@pytest.mark.parametrize(
    ("role", "words"),
    [
        (client, "give it a handler and its first state: s=(handler, state)"),
        ((client,), "give it a handler and its first state"),
        (
            (lambda: None, 0),
            r"the handler of s takes \(\); it is called as handler\(state, given\)",
        ),
    ],
)
def test_what_is_no_role_is_refused(role: object, words: str) -> None:
    with pytest.raises(
        cp.BadScenario, match=words.replace("(handler, state)", r"\(handler, state\)")
    ):
        cp.system(s=role)  # type: ignore[arg-type]
