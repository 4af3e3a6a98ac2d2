"""Failing runs as Hypothesis would have drawn them: what we rely on in Hypothesis, and what for.

A failure here after an update of Hypothesis means that something private has moved; the list is in
`model/search/stateful/bridge.py`. Testing goes on without it, only what is named there is lost.
"""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import reproduce_failure, seed, settings
from hypothesis.database import InMemoryExampleDatabase
from hypothesis.errors import DidNotReproduce
from hypothesis.stateful import RuleBasedStateMachine, rule

from counterpoint.model.actions import Settle
from counterpoint.model.faults import Crash
from counterpoint.model.search.failure import PropertyBroken
from counterpoint.model.search.stateful.bridge import check, default_settings, follow, number_for
from counterpoint.model.search.stateful.machine import ScenarioMachine, state_machine_for
from counterpoint.model.world import Action
from tests.support.abd import abd, hasty
from tests.support.runs import abd_failure

WRONG, PINNED = hasty(), abd(writes_back=False)


def quiet(examples: int = 3_000, **changes: object) -> settings:
    """Return settings for a search that is the same every time."""
    fixed = {"max_examples": examples, "database": None, "derandomize": False, **changes}
    return settings(default_settings(WRONG), **fixed)  # type: ignore[arg-type]


def test_the_parts_of_hypothesis_that_we_replace_are_where_we_look_for_them() -> None:
    class Plain(RuleBasedStateMachine):
        @rule()
        def nothing(self) -> None:
            pass

    plain = Plain()
    assert hasattr(plain, "_rules_strategy")
    assert plain._pretty_print([1, "a"]) == "[1, 'a']"  # type: ignore[no-untyped-call]

    @reproduce_failure("0", b"")
    @seed(5)
    def decorated() -> None:
        pass

    assert decorated._hypothesis_internal_use_seed == 5  # type: ignore[attr-defined]
    assert decorated._hypothesis_internal_use_reproduce_failure == ("0", b"")  # type: ignore[attr-defined]


@pytest.mark.slow
def test_a_failing_run_is_kept_minimised_and_comes_first_the_next_time() -> None:
    database = InMemoryExampleDatabase()
    machine = seed(3)(state_machine_for(WRONG))
    for expected in (range(8, 99), range(7, 8)):
        with pytest.raises(PropertyBroken) as caught:
            check(machine, quiet(database=database))
        assert caught.value.steps_found in expected
        assert len(caught.value.trace.choices) == 7
    assert machine.bench.tally.progress().runs <= 4
    # Nothing but the minimised run is left under the key of failing runs.
    assert min(len(values) for values in database.data.values() if values) == 1


@pytest.mark.slow
def test_the_decorator_that_is_offered_works() -> None:
    machine = seed(3)(state_machine_for(WRONG))
    with pytest.raises(PropertyBroken) as caught:
        check(machine, quiet(print_blob=True))
    note = caught.value.__notes__[-1]
    assert note.startswith("So does Hypothesis with @reproduce_failure(")
    again = eval(note.split("@")[1].split(" on the")[0])(state_machine_for(WRONG))
    with pytest.raises(PropertyBroken, match=r"\(7 steps -> 7\)"):
        check(again, quiet())
    right = eval(note.split("@")[1].split(" on the")[0])(state_machine_for(abd()))
    with pytest.raises(DidNotReproduce):
        check(right, quiet())


@pytest.mark.slow
def test_a_run_that_breaks_nothing_has_no_script() -> None:
    choices = abd_failure().choices
    assert follow(state_machine_for(abd()), choices, "never back") is None
    assert follow(state_machine_for(PINNED), choices[:2], "never back") is None
    assert follow(state_machine_for(PINNED), choices[1:], "never back") is None


def test_a_script_has_a_line_for_each_step() -> None:
    script = follow(state_machine_for(PINNED, name="Mine"), abd_failure().choices, "never back")
    assert script is not None
    assert script.lines[:2] == ("state = Mine()", "state.silence(nodes=())")
    assert sum("(action=" in line for line in script.lines) == 12
    assert script.lines[-1] == "state.operations_hold()"


@pytest.mark.parametrize("number", range(8))
def test_a_tape_leads_hypothesis_along_any_run(number: int) -> None:
    """Whatever was chosen, also beyond the first block of numbers: the same choices come again."""
    random = Random(number)
    silent = random.choice([(), ("r2",)])
    chosen = state_machine_for(abd(properties=()))
    state = chosen()
    for _ in range(random.choice((0, 1, 31, 32, 70))):
        action = chosen.bench.ranking.choose(state.options, random.randrange(300))
        if action is None:
            break
        state.take(action)
    choices: list[Action] = [*state.run.choices, Settle(silent)]
    assert drawn_again(chosen, choices, silent)[: len(choices)] == choices


def drawn_again(
    machine: type[ScenarioMachine], choices: list[Action], silent: tuple[str, ...]
) -> list[Action]:
    """Return the choices of the run that Hypothesis makes of the tape of a run."""
    import hypothesis
    from hypothesis.core import encode_failure
    from hypothesis.stateful import run_state_machine_as_test

    from counterpoint.model.search.stateful.bridge import tape

    state, numbers = machine(), []
    for choice in choices[:-1]:
        numbers.append(number_for(state, choice))
        state.take(choice)
    drawn = tape(state, silent, numbers)
    assert drawn is not None
    seen: list[list[Action]] = []

    class Watched(machine):  # type: ignore[misc, valid-type]
        def teardown(self) -> None:
            super().teardown()
            seen.append(self.run.choices)

    twin = reproduce_failure(hypothesis.__version__, encode_failure(drawn))(Watched)
    with pytest.raises(DidNotReproduce):
        run_state_machine_as_test(twin, settings=quiet(stateful_step_count=100))
    return seen[-1]


@pytest.mark.slow
def test_an_action_that_is_not_legal_has_no_number() -> None:
    state = state_machine_for(abd())()
    assert number_for(state, Crash("r1")) is not None
    state.take(Crash("r1"))
    assert number_for(state, Crash("r1")) is None


@pytest.mark.slow
def test_without_the_private_parts_a_failure_is_still_minimised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("counterpoint.model.search.stateful.bridge._encoded", lambda _: None)
    monkeypatch.delattr(RuleBasedStateMachine, "_pretty_print")
    monkeypatch.setattr(ScenarioMachine, "_chooser", lambda self: self._rule_by_rule)
    with pytest.raises(PropertyBroken) as caught:
        check(state_machine_for(WRONG), quiet(print_blob=True))
    assert len(caught.value.trace.choices) == 7
    [program] = caught.value.__notes__
    assert "state.deliver(action=Deliver(src='c" in program
