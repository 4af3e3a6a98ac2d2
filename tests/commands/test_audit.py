"""`counterpoint audit`: runs are told again elsewhere, and what differs first is named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from counterpoint.harness.cli import main

PROGRAMS = """
import asyncio
import counterpoint as cp


class Thing:
    def __init__(self, number):
        self.number = number


async def right(node):
    for number in sorted({"a", "b", "c"}):
        node.note(number)
    await asyncio.sleep(1)


async def goes_through_texts(node):
    for text in {"a", "b", "cc", "dd", "eee"}:
        node.note(text)
    await asyncio.sleep(1)


async def goes_through_things(node):
    for thing in set([Thing(number) for number in range(50)]):
        node.note(thing.number)
    await asyncio.sleep(1)


def of(program) -> cp.Scenario:
    return cp.aio.scenario(nodes={"n": program}, answers=False, name="audited")


def RIGHT() -> cp.Scenario:
    return of(right)


def TEXTS() -> cp.Scenario:
    return of(goes_through_texts)


def THINGS() -> cp.Scenario:
    return of(goes_through_things)
"""

pytestmark = pytest.mark.slow


def audited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, *more: str) -> Result:
    (tmp_path / "audited_programs.py").write_text(PROGRAMS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return CliRunner().invoke(main, ["audit", f"audited_programs:{name}", "--runs", "1", *more])


@pytest.mark.nightly
def test_what_is_the_same_everywhere_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = audited(tmp_path, monkeypatch, "RIGHT", "--json")
    assert result.exit_code == 0, result.output
    compared = json.loads(result.output)["compared"]
    same = ["twice in one process", "another heap", "another hash seed", "another order of imports"]
    assert [compared[name] for name in same] == ["the same"] * 4


def test_the_order_of_a_set_of_texts_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = audited(tmp_path, monkeypatch, "TEXTS")
    assert result.exit_code == 1, result.output
    assert "another hash seed: run 0, at the start, start: n note (" in result.output
    assert "likely the order of a set of texts or bytes: go through sorted(...)" in result.output


def test_the_order_of_a_set_of_objects_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = audited(tmp_path, monkeypatch, "THINGS")
    assert result.exit_code == 1, result.output
    assert "not on the order of a set" in result.output


def test_a_scenario_that_is_not_there_is_bad_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert audited(tmp_path, monkeypatch, "NONE").exit_code == 2


def other_pythons() -> list[str]:
    """Return other interpreters of this machine, those of a version manager among them."""
    kept = Path.home() / ".pyenv" / "versions"
    found = [str(path) for v in ("3.12", "3.13") for path in kept.glob(f"{v}.*/bin/python")]
    return found or [path for v in ("3.12", "3.13") if (path := shutil.which(f"python{v}"))]


@pytest.mark.nightly
@pytest.mark.skipif(not other_pythons(), reason="there is no other version of Python here")
def test_other_versions_of_python_do_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A replicated register over streams, in every interpreter that has what it needs."""
    root = Path(__file__).resolve().parents[2]
    (tmp_path / "store_of_test.py").write_text((root / "tests" / "aio" / "store.py").read_text())
    (tmp_path / "audited_register.py").write_text(
        "import counterpoint as cp\nfrom store_of_test import register\n\n\n"
        "def REGISTER() -> cp.Scenario:\n    return register(limits=cp.budgets(delay=1))\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    pythons = [part for python in other_pythons() for part in ("--python", python)]
    command = ["audit", "audited_register:REGISTER", "--runs", "3", "--json", *pythons]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0, result.output
    compared = json.loads(result.output)["compared"]
    said = [compared[python] for python in other_pythons()]
    ran = [one for one in said if not one.startswith("cannot run it here")]
    if not ran:
        pytest.skip("; ".join(said))
    assert set(ran) == {"the same"}
