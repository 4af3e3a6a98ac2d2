"""Random small systems: every search says what the stupid twin says; so it does on kept cases."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from counterpoint.model.actions import ACTIONS
from counterpoint.model.search.engine import node_steps, simulation
from counterpoint.model.search.engine.in_place import InPlace
from counterpoint.model.search.engine.transition_tables import Compiled
from tests.judge.__main__ import main, smallest, system
from tests.judge.comparing import SEARCHES, Disagreement, disagreements, searches_of
from tests.judge.drawing import drawn, systems
from tests.judge.knowledge import Case
from tests.judge.known import news
from tests.judge.runs import one_in
from tests.judge.systems import CASES, Drawn, case, of_json, scenario_of, to_json, told
from tests.oracles.table import has_numpy

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not has_numpy(), reason="numpy is not installed"),
]

SMALL = 40
"""In the default suite only so many states of a system are compared."""

LONG = ("mixed", "uniform", "swarm", "pct", "liveness", "leniently", "dpor")
"""What takes long: in the default suite it is asked of every fourth system."""

SHORT = {
    name: one_in(4, LONG.index(name) % 4, search) if name in LONG else search
    for name, search in SEARCHES.items()
}
"""The searches of the default suite; over all systems none is left out."""


@settings(
    max_examples=30,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],  # what is found is minimised by us, in seconds
    suppress_health_check=list(HealthCheck),
)
@given(systems(), st.integers(0, 999))
def test_every_search_says_what_the_twin_says(one: Drawn, number: int) -> None:
    found = news(one, disagreements(Case(one, SMALL), number, SHORT))
    assert not found, f"{found[0]}\n{told(smallest(one, number, found[0], SMALL))}"


@pytest.mark.nightly
@pytest.mark.parametrize("part", range(20))
def test_every_search_says_what_the_twin_says_of_many_systems(part: int) -> None:
    for number in range(100 * part, 100 * part + 100):
        one = system(0, number)
        found = news(one, disagreements(Case(one), number))
        assert not found, f"{found[0]}\n{told(smallest(one, number, found[0]))}"


def _cases() -> list[Any]:
    found = []
    for path in sorted(CASES.glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        known = content.get("known")
        marks = pytest.mark.xfail(reason=known, strict=True) if known else ()
        found.append(pytest.param(content, id=path.stem, marks=marks))
    return found


@pytest.mark.parametrize("content", _cases())
def test_searches_that_once_disagreed_on_a_case_agree(content: dict[str, Any]) -> None:
    one = of_json(content["system"])
    assert disagreements(Case(one), content["seed"]) == []


@pytest.mark.parametrize("path", sorted(CASES.glob("*.json")), ids=lambda path: path.stem)
def test_a_case_is_a_scenario_for_the_command_line(path: Path) -> None:
    built = case(str(path))
    assert built.origin["path"] == str(path)
    assert built.system.nodes


# ---- what is drawn -------------------------------------------------------------------------------

MANY = [drawn(Random(number)) for number in range(400)]


def test_systems_of_every_kind_are_drawn() -> None:
    kinds = Counter(kind for one in MANY for kind, _, _ in one.limits)
    free = {"deliver", "call", "release", "mend", "restart", "heal", "detect", "trust"}
    builtin = {a.kind for a in ACTIONS} - free
    assert set(kinds) == {*builtin, "garble", "poke", "jolt", "isolate"}
    effects = Counter(e[0] for one in MANY for rule in one.rules for e in rule.effects)
    assert {"send", "tell", "set", "cancel", "persist", "note", "answer", "ask"} <= set(effects)
    assert {"hear", "raise", "return", "begin"} <= set(effects)
    assert {len(one.nodes) for one in MANY} == {2, 3, 4}
    for field in (
        "group",
        "detector",
        "actions",
        "own",
        "roles",
        "depends_on",
        "partitions",
        "goals",
    ):
        assert 20 < sum(bool(getattr(one, field)) for one in MANY) < 390, field
    assert {one.network for one in MANY} == {"ordered", "unordered"}
    assert {words[0] for one in MANY for words in one.properties} == {
        "observed",
        "history",
        "liveness",
        "rest",
    }


def test_right_and_broken_systems_are_drawn() -> None:
    about = Counter(word for one in MANY[:40] for word in Case(one, SMALL).about)
    assert min(about["right"], about["broken"]) > 10
    assert min(about["liveness right"], about["liveness broken by end"]) > 0
    assert about["whole"] > 15


@pytest.mark.parametrize("one", MANY[:20])
def test_a_system_is_the_same_after_a_way_through_json(one: Drawn) -> None:
    assert of_json(json.loads(json.dumps(to_json(one)))) == one
    assert of_json(json.loads(told(one))) == one


# ---- the judge notices ---------------------------------------------------------------------------


def _first(found: Callable[[Drawn], list[Disagreement]]) -> tuple[Drawn, Disagreement]:
    """Return the first system on which something is found that is news."""
    for one in MANY:
        disagreement = next(iter(news(one, found(one))), None)
        if disagreement is not None:
            return one, disagreement
    raise AssertionError(f"nothing was found in {len(MANY)} systems")


def _forgets_to_spend(monkeypatch: pytest.MonkeyPatch) -> str:
    def perform(self: simulation.Simulation, action: Any) -> None:
        self.choices.append(action)
        action.perform(InPlace(self))

    monkeypatch.setattr(simulation.Simulation, "perform", perform)
    return "steps"


def _lets_the_dead_fire(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(simulation.Simulation, "_is_open", lambda *_: True)
    return "steps"


def _is_blind_to_partitions(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(node_steps, "can_pass", lambda c, _, dst: dst not in c.down)
    return "plain keep states"


def _keeps_timers_of_the_crashed(monkeypatch: pytest.MonkeyPatch) -> str:
    right = Compiled.crash

    def crash(self: Compiled, core: int) -> Any:
        outcome = right(self, core)
        timers = self.node_states[core].timers
        blank = self.node_states[outcome.node_state]
        kept = type(blank)(blank.state, blank.durable, timers, blank.todo)
        return outcome._replace(node_state=self.node_state_id(self.node_of_node_state[core], kept))

    monkeypatch.setattr(Compiled, "crash", crash)
    return "plain keep states"


def _never_runs_out_of_faults(monkeypatch: pytest.MonkeyPatch) -> str:
    right = simulation.Simulation._do

    def do(self: simulation.Simulation, action: Any) -> bool:
        if right(self, action):
            return True
        is_spent = type(action).spends and action.kind in self.scenario.limits
        if not is_spent or self.conditions.settled is not None or not action.fits(self):
            return False
        self.perform(action)
        return True

    monkeypatch.setattr(simulation.Simulation, "_do", do)
    return "illegal"


@pytest.mark.parametrize(
    "mistake",
    [
        _forgets_to_spend,
        _lets_the_dead_fire,
        _is_blind_to_partitions,
        _keeps_timers_of_the_crashed,
        _never_runs_out_of_faults,
    ],
)
def test_a_mistake_in_an_engine_is_noticed_and_minimised(
    mistake: Callable[[pytest.MonkeyPatch], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    search = searches_of(mistake(monkeypatch))
    one, found = _first(lambda one: disagreements(Case(one, SMALL), 0, search))
    small = smallest(one, 0, found, SMALL)
    assert len(small.rules) <= min(len(one.rules), 5)
    monkeypatch.undo()
    assert news(small, disagreements(Case(small, SMALL), 0, search)) == []


def test_the_command_says_what_it_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--systems", "3", "--workers", "1", "--cases", str(tmp_path)]
    monkeypatch.setattr("sys.argv", ["judge", *options])
    assert main() in (0, 1)
    told = capsys.readouterr().out
    assert "3 systems in" in told
    assert ("disagreements" in told) == bool(list(tmp_path.glob("*.json")))


def test_a_rule_is_found_by_node_mood_and_input() -> None:
    one = Drawn(
        rules=of_json({"rules": [["a", 0, ["invoke", "x"], 1, ["send", "b", "p"]]]}).rules,
        calls=(("a", ("x",)),),
        invariants=((("a", 1),),),
    )
    assert Case(one).kept.broken == {"never a in 1": 1}
    assert scenario_of(one).calls == {"a": ("x",)}
    assert set(SEARCHES) >= {"plain keep", "numpy keep", "dpor", "liveness", "mixed"}
