"""What a user gets who installs the package: built from the source archive, in an empty environment."""

from __future__ import annotations

import ast
import importlib.metadata
import os
import re
import sys
import tarfile
import tomllib
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.packaging.conftest import Installed

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "counterpoint"
IMPORT_ALL = """
import importlib, pkgutil, counterpoint
for module in pkgutil.walk_packages(counterpoint.__path__, "counterpoint."):
    if not module.name.endswith("__main__"):
        print(importlib.import_module(module.name).__file__)
"""

IMPORT_ALL_THAT_CAN_BE = """
import importlib, pkgutil, counterpoint
for module in pkgutil.walk_packages(counterpoint.__path__, "counterpoint."):
    if not module.name.endswith("__main__"):
        try:
            importlib.import_module(module.name)
            print(module.name)
        except ModuleNotFoundError as error:
            print(module.name, error.name)
"""

NEEDS_NUMPY = ("counterpoint.model.search.columnar.", "counterpoint.checkers.columns.")
"""What the extra `fast` is for; the contract of the same name in pyproject.toml lists the same."""


def files_under(folder: Path) -> Iterator[Path]:
    """Walk a folder and the folders behind its links; `Path.rglob` would stop at a link."""
    for parent, folders, names in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if name != "__pycache__"]
        yield from (Path(parent) / name for name in names)


def declared(requirements: list[str]) -> set[str]:
    """Return the names of requirements, as an index spells them."""
    return {re.split(r"[^\w.-]", requirement)[0].lower() for requirement in requirements}


def imported_names(source: Path) -> set[str]:
    """Return the top-level names that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


# ---- what is in the archives ---------------------------------------------------------------------


@pytest.mark.slow
def test_the_wheel_holds_every_file_of_the_package_once_and_nothing_else(
    installed: Installed,
) -> None:
    with zipfile.ZipFile(installed.wheel) as wheel:
        names = wheel.namelist()
    repeated = [name for name, count in Counter(names).items() if count > 1]
    found = {name for name in names if ".dist-info/" not in name}
    expected = {path.relative_to(PACKAGE.parent).as_posix() for path in files_under(PACKAGE)}
    assert repeated == []
    assert "counterpoint/py.typed" in expected
    assert found == expected, "data files need a pattern in [tool.setuptools.package-data]"


@pytest.mark.slow
def test_the_source_archive_holds_each_file_once_and_only_under_src(installed: Installed) -> None:
    with tarfile.open(installed.sdist) as archive:
        names = [member.name.partition("/")[2] for member in archive if member.isfile()]
    contents = [name for name in names if name.endswith((".py", ".yaml", ".json", ".typed"))]
    assert [name for name, count in Counter(names).items() if count > 1] == []
    assert contents
    assert [name for name in contents if not name.startswith("src/counterpoint")] == []


# ---- what an installed package does --------------------------------------------------------------


@pytest.mark.slow
def test_every_module_is_imported_from_the_installed_wheel(
    installed: Installed, tmp_path: Path
) -> None:
    places = installed.python(IMPORT_ALL, cwd=tmp_path).splitlines()
    site = installed.bin.parent / "lib"
    assert len(places) > 10
    assert [place for place in places if not Path(place).is_relative_to(site)] == []


@pytest.mark.slow
def test_no_generic_name_is_installed_at_top_level(installed: Installed, tmp_path: Path) -> None:
    """A user's own `model.py` must stay the one that `import model` finds."""
    code = (
        "from importlib.util import find_spec\n"
        "print([n for n in ('model', 'impl', 'checkers', 'harness') if find_spec(n)])"
    )
    assert installed.python(code, cwd=tmp_path) == "[]"


@pytest.mark.slow
def test_a_type_checker_resolves_the_types_of_the_installed_wheel(
    installed: Installed, tmp_path: Path
) -> None:
    user = tmp_path / "user.py"
    user.write_text(
        "from counterpoint.model.scenario import minority_of\n"
        "from counterpoint.model.verdict import holds\n"
        'reveal_type(holds("mine", examined=1).outcome)\n'
        'holds("mine", examined="one")\n'
        'reveal_type(minority_of("a")(("a",), {}))\n'
    )
    output = installed.check_types(user)
    said = [line.partition(": ")[2] for line in output.splitlines()[:-1]]
    assert said[0] == 'note: Revealed type is "counterpoint.model.verdict.Outcome"', output
    assert 'incompatible type "str"; expected "int"' in said[1]
    assert said[2:] == ['note: Revealed type is "bool"']


@pytest.mark.slow
def test_the_asyncio_services_of_the_gallery_are_tested_with_the_installed_wheel(
    installed: Installed, tmp_path: Path
) -> None:
    """As a user has them: three files in a folder, and nothing but the package and pytest."""
    services = ("async_register.py", "cache.py", "job_queue.py")
    for name in services:
        (tmp_path / name).write_text((ROOT / "docs" / "gallery" / name).read_text())
    done = installed.run(
        "python",
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--counterpoint-runs",
        "30",
        *services,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^3 passed", done.stdout, re.MULTILINE), done.stdout


@pytest.mark.slow
def test_pytest_loads_the_plugin_in_a_repository_of_the_users_own(
    installed: Installed, tmp_path: Path
) -> None:
    (tmp_path / "test_mine.py").write_text("def test_mine() -> None:\n    assert True\n")
    (tmp_path / "model.py").write_text("mine = True\n")
    done = installed.run("python", "-m", "pytest", "-p", "no:cacheprovider", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^plugins:.* counterpoint-\d", done.stdout, re.MULTILINE), done.stdout


@pytest.mark.slow
def test_the_command_is_installed_and_starts(installed: Installed, tmp_path: Path) -> None:
    done = installed.run("counterpoint", "list", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "\nregister: " in f"\n{done.stdout}"


@pytest.mark.slow
def test_a_scenario_is_a_test_in_a_repository_of_the_users_own(
    installed: Installed, tmp_path: Path
) -> None:
    """The wheel alone: a wrong system fails in two lines of test, is told, kept and replayed."""
    (tmp_path / "test_mine.py").write_text(
        "import counterpoint\n"
        "from counterpoint.harness.catalog import build\n"
        "test_wrong = counterpoint.verify(build('register', mutant='B10'), runs=100)\n"
    )
    pytest_here = ("python", "-m", "pytest", "-p", "no:cacheprovider", "-n", "2")
    done = installed.run(*pytest_here, cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "although it is not allowed" in done.stdout
    (trace,) = (tmp_path / ".counterpoint").glob("*.trace.jsonl")
    assert trace.name in done.stdout
    again = installed.run(*pytest_here[:-2], "--counterpoint-replay", str(trace), cwd=tmp_path)
    assert again.returncode == 1, again.stdout + again.stderr
    assert "although it is not allowed" in again.stdout


@pytest.mark.nightly
def test_the_declared_dependencies_are_enough(installed: Installed, tmp_path: Path) -> None:
    """Installed from the package index, with what the wheel asks for and nothing lent."""
    venv = tmp_path / "venv"
    installed.run("python", "-m", "venv", str(venv), cwd=tmp_path)
    alone = replace(installed, bin=venv / "bin")
    done = alone.run("python", "-m", "pip", "install", str(installed.wheel), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = [
        line.split() for line in alone.python(IMPORT_ALL_THAT_CAN_BE, cwd=tmp_path).splitlines()
    ]
    lacking = [line for line in told if len(line) == 2]
    assert len(told) - len(lacking) > 300
    assert {name for _, name in lacking} == {"numpy"}
    assert [module for module, _ in lacking if not module.startswith(NEEDS_NUMPY)] == []


# ---- what the project file promises --------------------------------------------------------------


@pytest.mark.slow
def test_every_third_party_import_is_a_declared_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    promised = declared(
        project["dependencies"] + extras["fast"] + extras["live"] + extras["cluster"]
    )
    distributions = importlib.metadata.packages_distributions()
    sources = [path for path in files_under(PACKAGE) if path.suffix == ".py"]
    used = set().union(*map(imported_names, sources)) - sys.stdlib_module_names - {"counterpoint"}
    missing = {
        name for name in used if not promised & {d.lower() for d in distributions.get(name, ())}
    }
    assert len(sources) > 10
    assert missing == set()


def test_the_entry_points_name_modules_that_exist() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"counterpoint": "counterpoint.harness.start:main"}
    plugins = project["entry-points"]["pytest11"].values()
    commands = [name.partition(":")[0] for name in project["scripts"].values()]
    assert [name for name in [*plugins, *commands] if find_spec(name) is None] == []
