"""What is printed to be pasted into a program is Python, whatever names authors give."""

from __future__ import annotations

import ast
import keyword
from types import SimpleNamespace

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

import counterpoint as cp
from counterpoint.harness.exports.python import to_python
from counterpoint.impl.register import messages as register
from counterpoint.impl.stores import words as store
from counterpoint.model.search.stateful.bridge import check, default_settings
from counterpoint.model.source import class_name_of, source_of


def counting(name: str) -> cp.Scenario:
    """Return a scenario of that name, whose values are of classes inside a function."""

    @cp.value
    class Ask:
        number: int

    def server(state: int, given: cp.Input) -> cp.Step[int] | None:
        match given:
            case cp.Receive(source, Ask()):
                return cp.Step(state + 1, cp.Send(source, "ok"))
        return None

    def client(state: str, given: cp.Input) -> cp.Step[str] | None:
        match given:
            case cp.Invoke(Ask() as ask):
                return cp.Step("waits", cp.Send("server", ask))
            case cp.Receive(_, "ok"):
                return cp.Step("idle", cp.Return("ok"))
        return cp.Step(state)

    return cp.Scenario(
        name,
        cp.system(server=(server, 0), c=(client, "idle")),
        {"c": [Ask(1), Ask(2)]},
        [cp.answers(), cp.always("at most one", lambda states: states["server"] < 2)],
    )


@pytest.mark.slow
def test_the_program_of_a_state_machine_is_python() -> None:
    scenario = counting("2 phase: commit²")
    machine = cp.state_machine_for(scenario)
    assert machine.__name__.startswith("Scenario2PhaseCommitMachine_")
    with pytest.raises(cp.PropertyBroken) as caught:
        check(machine, hypothesis.settings(default_settings(scenario), max_examples=30))
    program = next(note for note in caught.value.__notes__ if "state = " in note)
    lines = program.splitlines()[1:]
    assert len(ast.parse("\n".join(lines)).body) == len(lines)
    assert "state.call(action=Call(client='c', operation=Ask(number=1)))" in lines


@given(st.text())
def test_every_text_is_the_name_of_a_class(text: str) -> None:
    """For all texts: the name is an identifier, and no word of Python."""
    name = class_name_of(text)
    assert name.isidentifier()
    assert not keyword.iskeyword(name)


ATOMS = st.none() | st.booleans() | st.integers() | st.text() | st.binary()
VALUES = st.recursive(
    ATOMS,
    lambda inner: (
        st.lists(inner, max_size=3).map(tuple)
        | st.frozensets(ATOMS, max_size=3)
        | st.builds(cp.Send, st.text(), inner)
    ),
    max_leaves=6,
)


@pytest.mark.slow
@given(VALUES)
def test_a_value_is_what_its_source_evaluates_to(value: object) -> None:
    assert eval(source_of(value), {"Send": cp.Send}) == value


def test_classes_of_one_name_keep_apart_in_an_exported_test() -> None:
    asked = {"c": [register.Read(1, "s"), store.Read("x"), register.Read(2, "s")]}
    scenario = cp.Scenario(
        "two", cp.system(c=(lambda *_: None, 0)), asked, [cp.answers()], in_order=False
    )
    trace = cp.run(scenario, [])
    choices = tuple(cp.Call("c", operation) for operation in asked["c"])
    told = SimpleNamespace(scenario=scenario, choices=choices)
    text = to_python(told, (), scenario=("from two import S", "S"))  # type: ignore[arg-type]
    assert "from counterpoint.impl.register.messages import Read\n" in text
    assert "from counterpoint.impl.stores.words import Read as Read2\n" in text
    assert "operation=Read2(key='x')" in text
    assert len(trace.choices) == 0
