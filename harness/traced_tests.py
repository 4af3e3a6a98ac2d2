"""The scenario of a test, from the name of the test in a trace that pytest wrote.

A file may come from anywhere, so what `user_scenarios` says of factories holds of tests: a name from a
file is imported only if its source lies under the current directory and binds that name, at its top or
in a class, to what `verify` or `machine` makes.
"""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterable
from pathlib import Path

from counterpoint.harness.unknown_name import UnknownName
from counterpoint.harness.user_scenarios import is_ours, last_name, parsed
from counterpoint.model.inert import QUOTED_MAX, plain
from counterpoint.model.scenario import Scenario

MAKERS = ("verify", "machine")
"""What makes a test that has a scenario."""


def scenario_of_test(test: str) -> Scenario:
    """Return the scenario of a test, which is named as pytest names it: "tests/test_x.py::test_y".

    Raises:
        UnknownName: there is no such test under the current directory, or it has no scenario.
    """
    shown = plain(test, QUOTED_MAX)
    file, *names = test.partition("[")[0].split("::")
    source = _source_of(file, shown)
    if not names or not _makes_test(parsed(source), names):
        raise UnknownName(
            f"the trace is of the test {shown}, and {source.name} binds no test of that name to "
            f"verify(...) or machine(...); {_IN_PYTEST}"
        )
    # Imported here, as it takes longer than to refuse a name.
    from counterpoint.harness.plugin.verification import scenario_of

    found: object = _imported(source, shown)
    for name in names[:2] if len(names) == 2 and _is_test(found, names) else names[:1]:
        found = getattr(found, name, None)
    scenario = scenario_of(found)
    if scenario is None:
        raise UnknownName(f"{shown} has no scenario; {_IN_PYTEST}")
    return scenario


_IN_PYTEST = "replay the file in the test that made it, with pytest --counterpoint-replay FILE"


def _source_of(file: str, shown: str) -> Path:
    """Return the file of a test, also from a folder below that from which pytest names it."""
    here = Path.cwd().resolve()
    parts = Path(file).parts
    for count in range(len(parts)):
        source = Path(*parts[count:])
        if not source.is_absolute() and source.is_file():
            if is_ours(source.resolve(), here):
                return source.resolve()
            break
    raise UnknownName(
        f"the trace is of the test {shown}, which is not under the current directory ({here}); a "
        f"trace file can start no other code. Change to the directory of its project, or {_IN_PYTEST}"
    )


def _makes_test(tree: ast.Module | None, names: list[str]) -> bool:
    """Tell whether a source binds a test, or the class of one, to what one of our makers returns."""
    body: Iterable[ast.stmt] = () if tree is None else tree.body
    for node in body:
        if isinstance(node, ast.ClassDef) and node.name == names[0] and len(names) > 1:
            return _makes_test(ast.Module(node.body, []), names[1:])
        if _binds(node, names[0]):
            return True
    return False


def _binds(node: ast.stmt, name: str) -> bool:
    """Tell whether a statement binds a name to a call of a maker, or to a mark on one.

    >>> yes = "test_x = cp.verify(S)", "test_x = slow(verify(S, runs=3))", "T: object = machine(S)"
    >>> no = "test_x = f(S)", "def test_x(): verify(S)()", "other = verify(S)"
    >>> [_binds(ast.parse(t).body[0], "T" if t[0] == "T" else "test_x") for t in (*yes, *no)]
    [True, True, True, False, False, False]
    """
    match node:
        case ast.Assign(targets=[ast.Name(id=bound)], value=ast.Call() as made) if bound == name:
            pass
        case ast.AnnAssign(target=ast.Name(id=bound), value=ast.Call() as made) if bound == name:
            pass
        case _:
            return False
    calls = (call for call in ast.walk(made) if isinstance(call, ast.Call))
    return any(last_name(ast.unparse(call.func)) in MAKERS for call in calls)


def _is_test(module: object, names: list[str]) -> bool:
    """Tell whether the name after that of a class is a test of ours, not the one that unittest runs."""
    return hasattr(getattr(getattr(module, names[0], None), names[1], None), "counterpoint")


def _imported(source: Path, shown: str) -> object:
    """Import a test as pytest does: from the first folder above it that is no package."""
    folder, name = source.parent, source.stem
    while (folder / "__init__.py").is_file():
        folder, name = folder.parent, f"{folder.name}.{name}"
    if not folder.is_relative_to(Path.cwd().resolve()):
        raise UnknownName(
            f"the test {shown} is in a package that is not under the current directory; change to "
            f"{folder}"
        )
    for path in ("", str(folder)):
        if path not in sys.path:
            sys.path.insert(0, path)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise UnknownName(
            f"{shown} cannot be imported: there is no module {error.name!r} from here; {_IN_PYTEST}"
        ) from None
