"""The public names alone: the lock of README and tutorial, and the bug that its test finds."""

from __future__ import annotations

import importlib
import linecache
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import counterpoint as cp
from counterpoint.model.forms import fingerprint
from counterpoint.model.search.replay_file import Diverged, changed_part, replay
from counterpoint.model.tracefile import read_trace, write_trace
from tests.docs.pages import file_of

TUTORIAL = "docs/tutorial/your-first-protocol.md"
SOURCE = file_of(TUTORIAL, "lock.py")
LINES_MAX = 45


def lock(source: str = SOURCE) -> ModuleType:
    """Return the lock of the tutorial as a module."""
    module = sys.modules["lock"] = ModuleType("lock")  # where dataclasses look for their names
    exec(compile(source, "lock.py", "exec"), vars(module))
    return sys.modules.pop("lock")


Ask, client = lock().Ask, lock().client


def test_a_protocol_its_claim_and_its_test_are_short_and_use_public_names_alone() -> None:
    lines = [line for line in SOURCE.splitlines() if line.strip()]
    assert len(lines) <= LINES_MAX
    assert [line for line in lines if "import" in line] == ["import counterpoint as cp"]


def test_the_readme_and_the_tutorial_have_the_same_lock() -> None:
    assert file_of("README.md", "lock.py") == SOURCE


@pytest.mark.slow
def test_a_wrong_lock_is_found_and_shrunk_to_its_minimum() -> None:
    with pytest.raises(cp.PropertyBroken) as found:
        cp.verify(lock().LOCK, runs=2000, seed=1)()
    assert found.value.verdict.property == "linearizability"
    assert len(found.value.trace.choices) == 11


@pytest.mark.slow
def test_a_lock_that_looks_at_the_number_of_a_grant_holds() -> None:
    repaired = SOURCE.replace("Granted()):", "Granted(granted)) if granted == n:")
    assert repaired != SOURCE
    cp.verify(lock(repaired).LOCK, runs=500, seed=1, examples=0)()


def test_a_value_is_frozen_hashable_and_made_of_values() -> None:
    assert Ask(1) == Ask(1)
    assert len({Ask(1), Ask(1), Ask(2)}) == 2
    with pytest.raises(AttributeError):
        Ask(1).number = 2
    with pytest.raises(cp.NotAValue, match=r"Ask\.number is \[1\], in which \[1\] is a list"):
        Ask([1])


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


def test_a_trace_knows_by_its_source_whether_a_function_of_its_system_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    found = []
    for name, text in (("one", SOURCE), ("same", SOURCE), ("other", SOURCE + "# mended\n")):
        (tmp_path / f"lock_{name}.py").write_text(text)
        found.append(fingerprint(import_module(f"lock_{name}").LOCK))
        del sys.modules[f"lock_{name}"]
    assert found[0] == found[1] != found[2]
    assert found[0]


@pytest.mark.slow
def test_a_replay_that_goes_another_way_says_which_handler_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)

    def load(text: str) -> cp.Scenario:
        (tmp_path / "lock_to_mend.py").write_text(text)
        sys.modules.pop("lock_to_mend", None)
        importlib.invalidate_caches()
        linecache.checkcache()
        found = import_module("lock_to_mend").LOCK
        assert isinstance(found, cp.Scenario)
        return found

    with pytest.raises(cp.PropertyBroken) as broken:
        cp.verify(load(SOURCE), runs=2000, seed=1, examples=0)()
    write_trace(tmp_path / "t.jsonl", broken.value.trace)
    recorded = read_trace(tmp_path / "t.jsonl")
    assert set(recorded.header["sources"]) == {  # type: ignore[arg-type]
        "lock_to_mend",
        "lock_to_mend.client",
        "lock_to_mend.server",
    }
    repaired = SOURCE.replace("Granted()):", "Granted(granted)) if granted == n:")
    with pytest.raises(Diverged, match=r"the source of lock_to_mend\.client has changed since"):
        replay(recorded, load(repaired))
    assert changed_part(recorded, load(SOURCE + "# mended\n")) == (
        "the source of lock_to_mend, beside the handlers,"
    )
    sys.modules.pop("lock_to_mend", None)


def test_kinds_of_action_are_a_list_as_well() -> None:
    for_good = [kind for kind in cp.ACTIONS if kind is not cp.Restart]
    scenario = lock().LOCK.replace(actions=for_good)
    assert isinstance(scenario.actions, tuple)
    assert cp.Restart not in scenario.actions
