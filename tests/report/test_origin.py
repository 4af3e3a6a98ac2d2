"""A trace file names its scenario; it must not be able to name anything else to be run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from counterpoint.harness.catalog import build, rebuild
from counterpoint.harness.cli import main
from counterpoint.harness.unknown_name import UnknownName
from counterpoint.model.tracefile import write_trace
from tests.support.gossip import gossip
from tests.support.runs import gossip_failure

ROOT = Path(__file__).parents[2]

TELLTALE = "from pathlib import Path\nPath({proof!r}).touch()\n"
GOOD = """
from counterpoint.model.scenario import Scenario
from tests.support.gossip import gossip

def factory(**settings: str) -> Scenario:
    return gossip()

def unpromising(cmd=""):
    return gossip()

made = gossip()
CONSTANT: Scenario = gossip()
"""


@pytest.fixture
def proof(tmp_path: Path) -> Path:
    """Return a file that exists once code has run which must not."""
    return tmp_path / "proof"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return an empty current directory, with the modules imported from it forgotten afterwards."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [str(ROOT), *sys.path])
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        if name.startswith(("mine_", "wrapped_")):
            del sys.modules[name]


def test_a_file_cannot_make_an_installed_function_run(proof: Path) -> None:
    with pytest.raises(UnknownName, match="not under the current directory"):
        rebuild({"system": "subprocess:getoutput", "set.cmd": f"touch {proof}"})
    assert not proof.exists()


@pytest.mark.parametrize("system", ["tests.support.gossip:gossip", "counterpoint.impl.nodes:x"])
def test_a_project_is_out_of_reach_from_elsewhere(here: Path, system: str) -> None:
    del here
    with pytest.raises(UnknownName, match=r"not under the current directory|there is no module"):
        rebuild({"system": system})


def test_a_factory_under_the_current_directory_is_called(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "mine_a.py").write_text(GOOD)
    assert rebuild({"system": "mine_a:factory", "set.x": "1"}).name == gossip().name
    assert rebuild({"system": "mine_a:CONSTANT"}).name == gossip().name
    monkeypatch.chdir(ROOT)
    assert rebuild({"system": "tests.support.gossip:gossip"}).name == gossip().name


@pytest.mark.parametrize("name", ["unpromising", "made", "nothing", "Scenario", "gossip", "Path"])
def test_a_module_without_that_factory_is_not_even_imported(
    here: Path, proof: Path, name: str
) -> None:
    (here / "mine_b.py").write_text(TELLTALE.format(proof=str(proof)) + GOOD)
    with pytest.raises(UnknownName, match="annotated as returning a Scenario"):
        rebuild({"system": f"mine_b:{name}"})
    assert not proof.exists()
    assert rebuild({"system": "mine_b:factory"}).name == gossip().name
    assert proof.exists(), "the tell-tale must be able to tell"


def test_no_package_around_the_module_is_imported_to_look_for_it(here: Path, proof: Path) -> None:
    (here / "wrapped_c").mkdir()
    (here / "wrapped_c" / "__init__.py").write_text(TELLTALE.format(proof=str(proof)))
    (here / "wrapped_c" / "inner.py").write_text("")
    for name in ("inner:factory", "missing:factory"):
        with pytest.raises(UnknownName):
            rebuild({"system": f"wrapped_c.{name}"})
    assert not proof.exists()


def test_folders_without_an_init_are_packages_at_any_depth(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = here / "mine_ns" / "deep" / "deeper"
    inner.mkdir(parents=True)
    (inner / "found.py").write_text(GOOD)
    (here / "mine_ns" / "deep" / "two.py").write_text(GOOD)
    for system in ("mine_ns.deep.two:factory", "mine_ns.deep.deeper.found:factory"):
        assert rebuild({"system": system}).name == gossip().name
    monkeypatch.syspath_prepend(here)
    monkeypatch.chdir(here.parent)
    with pytest.raises(UnknownName):
        rebuild({"system": "mine_ns.deep.missing:factory"})


@pytest.mark.slow
def test_fuzz_writes_what_show_opens_of_a_module_of_three_parts(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "mine_three" / "parts").mkdir(parents=True)
    (here / "mine_three" / "parts" / "echo.py").write_text(
        "from counterpoint.model.scenario import Scenario\n"
        "from tests.support.abd import abd\n"
        "def broken() -> Scenario:\n"
        "    return abd(writes_back=False)\n"
    )
    found = CliRunner().invoke(main, ["fuzz", "mine_three.parts.echo:broken", "--runs", "3000"])
    assert found.exit_code == 1, found.output
    (file,) = Path(".counterpoint").glob("*.jsonl")
    for name in [name for name in sys.modules if name.startswith("mine_three")]:
        monkeypatch.delitem(sys.modules, name)
    for command in ("show", "replay"):
        again = CliRunner().invoke(main, [command, str(file)])
        assert again.exit_code == 0, again.output


def test_what_is_installed_under_the_current_directory_stays_out_of_reach(
    here: Path, proof: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = here / "env" / "site-packages"
    installed.mkdir(parents=True)
    (installed / "mine_d.py").write_text(TELLTALE.format(proof=str(proof)) + GOOD)
    monkeypatch.syspath_prepend(installed)
    for system in ("mine_d:factory", "env.site-packages.mine_d:factory"):
        with pytest.raises(UnknownName, match=r"not under the current|is no module:factory"):
            rebuild({"system": system})
    assert not proof.exists()


def test_a_link_out_of_the_current_directory_leads_nowhere(here: Path, proof: Path) -> None:
    outside = proof.with_name("mine_e.py")
    outside.write_text(TELLTALE.format(proof=str(proof)) + GOOD)
    (here / "mine_e.py").symlink_to(outside)
    with pytest.raises(UnknownName, match="not under the current directory"):
        rebuild({"system": "mine_e:factory"})
    assert not proof.exists()


@pytest.mark.parametrize(
    "system",
    [":", "a:", ":b", "..:x", "os.path:join", "builtins:exec", "x y:z", "sys:exit", "a:b:c"],
)
def test_no_other_name_is_anything(system: str) -> None:
    with pytest.raises(UnknownName):
        rebuild({"system": system})


def test_what_is_typed_may_be_installed_anywhere(here: Path) -> None:
    del here
    assert build("tests.support.gossip:gossip").name == gossip().name


def test_show_refuses_with_one_clear_line(here: Path, proof: Path) -> None:
    file = here / "hostile.trace.jsonl"
    origin = {"system": "subprocess:getoutput", "set.cmd": f"touch {proof}"}
    trace = gossip_failure()
    write_trace(file, replace(trace, scenario=trace.scenario.replace(origin=origin)), ())
    for command in ("show", "view", "replay", "upgrade"):
        result = CliRunner().invoke(main, [command, str(file)])
        assert result.exit_code == 2, result.output
        assert "not under the current directory" in result.output
        assert "Traceback" not in result.output
    assert not proof.exists()
