"""Scenarios of your own, from "module:factory": found, imported, checked and built.

What is typed at a command line is yours to run. What the header of a trace names is not: a file may
come from anywhere. So a name from a header is looked up without importing anything, and it is
imported only if its source lies under the current directory and binds that name to a `Scenario`, or
to a function that promises one. No name in a file can thus start code of an installed module, or
anything that is no scenario. What lies under the current directory counts as yours, also where it
came together with the file: nothing can tell the two apart.
"""

from __future__ import annotations

import ast
import importlib
import sys
import sysconfig
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from functools import partial
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from counterpoint.harness.settings import BadSetting, arguments
from counterpoint.harness.unknown_name import UnknownName
from counterpoint.model.inert import QUOTED_MAX, plain, quoted
from counterpoint.model.mistakes import AUTHORS_ERRORS, BadScenario, place_of, short_file, told
from counterpoint.model.scenario import Scenario

INSTALLED = frozenset({"site-packages", "dist-packages"})
"""Folders of installed modules, also where they lie under the current directory."""

SOURCE_BYTES_MAX = 1_000_000
"""A longer source is not looked into for the name of a factory."""


def found_at(place: str) -> object:
    """Import and return what "module:name" stands for, as its user has typed it.

    Raises:
        UnknownName: there is no such thing.
    """
    module_name, _, attribute = place.partition(":")
    shown = plain(place, QUOTED_MAX)
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise UnknownName(
            f"{shown}: there is no module {quoted(error.name)} from here{_meant(shown)}"
        ) from None
    except BadScenario:
        raise
    except SyntaxError as error:
        place = f"{short_file(error.filename or module_name)}:{error.lineno}"
        raise UnknownName(f"{shown}: {place}: {told(error)}") from None
    except Exception as error:
        raise UnknownName(
            f"{shown}: importing module {quoted(module_name)} raised {told(error)} ({place_of(error)})"
        ) from error
    except SystemExit as error:
        raise UnknownName(
            f"{shown}: importing module {quoted(module_name)} ends the program with "
            f"{plain(str(error), QUOTED_MAX)}; what it does by itself belongs under "
            'if __name__ == "__main__"'
        ) from None
    if not hasattr(module, attribute):
        raise UnknownName(
            f"{shown}: module {quoted(module_name)} has no {quoted(attribute)}{_hidden(module_name)}"
        )
    return getattr(module, attribute)


def _meant(place: str) -> str:
    """Return what to type instead of the path of a source, nothing if that is none.

    >>> _meant("test.py:scenario"), _meant("./sub/locks.py:f"), _meant("a.b:f")
    ('; did you mean test:scenario?', '; did you mean sub.locks:f?', '')
    """
    module_name, _, attribute = place.partition(":")
    names = module_name.replace("\\", "/").removeprefix("./").removesuffix(".py").split("/")
    meant = ".".join(names)
    if meant == module_name or not all(name.isidentifier() for name in names):
        return ""
    return f"; did you mean {meant}:{attribute}?"


def _hidden(module_name: str) -> str:
    """Say which source is hidden by a module of that name that was imported before."""
    source = Path(*module_name.split(".")).with_suffix(".py")
    imported = getattr(sys.modules[module_name], "__file__", None)
    if not source.exists() or (
        imported is not None and source.resolve() == Path(imported).resolve()
    ):
        return ""
    whose = (
        "Python's own" if module_name.partition(".")[0] in sys.stdlib_module_names else "another"
    )
    return f"; it is {whose}, and {source} is hidden by it: give that another name"


def scenario_from(found: object, settings: Mapping[str, str], shown: str) -> Scenario:
    """Return a scenario, or what a function makes of the settings; `shown` is what it is called.

    Raises:
        UnknownName: it is no scenario and promises none, or the settings do not suit it.
    """
    if isinstance(found, Scenario):
        if settings:
            raise UnknownName(
                f"{shown} is a Scenario, made already: it has no settings; a function that returns "
                "one has its parameters"
            )
        return found
    if not callable(found):
        raise UnknownName(f"{shown} is neither a function that returns a Scenario nor a Scenario")
    if not _promises_scenario(found):
        raise UnknownName(f"{shown} must be annotated as returning a Scenario: -> Scenario")
    try:
        result = found(**arguments(found, settings))
    except BadSetting as error:
        raise UnknownName(f"{shown}: {error}") from None
    except BadScenario:
        raise
    except AUTHORS_ERRORS as error:
        raise UnknownName(f"{shown} raised {told(error)} ({place_of(error)})") from error
    if not isinstance(result, Scenario):
        raise UnknownName(f"{shown} returned {type(result).__name__}, not a Scenario")
    return result


def _promises_scenario(function: Callable[..., object]) -> bool:
    annotation = getattr(function, "__annotations__", {}).get("return")
    if isinstance(annotation, str):  # as it is under `from __future__ import annotations`
        return _names_scenario(annotation)
    return annotation is Scenario


def _names_scenario(annotation: str) -> bool:
    """Tell whether an annotation says Scenario, however it was imported.

    >>> [_names_scenario(text) for text in ("Scenario", "'cp.Scenario'", "Scenarios", "x.y")]
    [True, True, False, False]
    """
    return last_name(annotation) == "Scenario"


def last_name(annotation: str) -> str:
    """Return the name without the modules that it is in.

    >>> last_name("'cp.Scenario'")
    'Scenario'
    """
    return annotation.strip("'\"").rpartition(".")[2]


# ---- names that a file gives ---------------------------------------------------------------------


def require_own(system: str) -> None:
    """Refuse a "module:factory" from a file unless it is of a source under the current directory.

    Nothing is imported to find that out, not even the packages that the module is in.

    Raises:
        UnknownName: it is elsewhere, or is no scenario and no function that promises one.
    """
    module_name, _, attribute = system.partition(":")
    names = module_name.split(".")
    if not all(name.isidentifier() for name in (*names, attribute)):
        raise UnknownName(f"{quoted(system)} is no module:factory")
    source = _source_under_here(system, names)
    if not _binds_scenario(source, attribute):
        raise UnknownName(
            f"{plain(system, QUOTED_MAX)}: {source.name} defines no function {quoted(attribute)} "
            "that is annotated as returning a Scenario (-> Scenario), and no "
            f"{plain(attribute, 40)} = Scenario(...), Suite(...) or OTHER.replace(...); a trace "
            "file can name nothing else. "
            f"If it is defined elsewhere: {_TYPE_IT}"
        )


def require_no_file(settings: Mapping[str, str]) -> None:
    """Refuse settings from a file that a factory could take for the path of another file.

    Raises:
        UnknownName: one of them has a separator of folders in it, or is something that exists here.
    """
    for key, value in settings.items():
        if _may_be_path(value):
            raise UnknownName(
                f"the trace gives its setting {quoted(key)} the value {quoted(value)}, which may be "
                f"a file; a trace can name none. If it is not, or is yours: {_TYPE_IT}"
            )


def _may_be_path(value: str) -> bool:
    r"""Tell whether a text could be a path, without asking for anything elsewhere.

    >>> [_may_be_path(text) for text in ("a/b", "c:\\d", "3", "no such file")]
    [True, True, False, False]
    """
    if "/" in value or "\\" in value or "\0" in value:
        return True
    try:
        return value != "" and Path(value).exists()
    except OSError:  # as long as no name of a file
        return False


_TYPE_IT = "replay the file in the test that made it, with pytest --counterpoint-replay FILE"


def _source_under_here(system: str, names: list[str]) -> Path:
    """Return the source of a module, if that and all packages around it are under this directory."""
    here, shown = Path.cwd().resolve(), plain(system, QUOTED_MAX)
    folders: Iterable[str] | None = None
    source = None
    for count in range(1, len(names) + 1):
        spec = _spec(".".join(names[:count]), folders)
        if spec is None:
            raise UnknownName(
                f"{shown}: there is no module {quoted('.'.join(names[:count]))} from here; change to "
                f"the directory of its project, or {_TYPE_IT}"
            )
        folders = _folders_of(spec, folders)
        source = Path(spec.origin).resolve() if spec.has_location and spec.origin else None
        # A package without an __init__ runs nothing; any other is run by importing what is in it.
        is_silent = spec.submodule_search_locations is not None and spec.origin is None
        if not is_silent and (source is None or not is_ours(source, here)):
            raise UnknownName(
                f"the trace names {shown}, which is not under the current directory ({here}); "
                "a trace file can name a factory of your own only where you work, so that it can "
                "start no other code. Change to the directory of its project, name it in the "
                f"pyproject.toml of this one ([tool.counterpoint.systems]), or {_TYPE_IT}"
            )
    if source is None:
        raise UnknownName(f"{shown} is a folder, not a module")
    return source


def _spec(name: str, folders: Iterable[str] | None) -> ModuleSpec | None:
    """Find a module as an import would, without importing the packages that it is in."""
    if folders is not None:
        # Under its last name: a dotted one would be sought in its parent, which is not imported.
        return PathFinder.find_spec(name.rpartition(".")[2], list(folders))
    for finder in sys.meta_path:
        is_usual = finder is PathFinder
        spec = finder.find_spec(name, ["", *sys.path] if is_usual else None)
        if spec is not None:
            return spec
    return None


def _folders_of(spec: ModuleSpec, around: Iterable[str] | None) -> list[str]:
    """Return where the modules of a package are; `around` is where it was itself, None for the top.

    One without an __init__ finds that out from its parent once that is imported, which it is not.
    """
    found = spec.submodule_search_locations
    if found is None or spec.origin is not None:
        return list(found or ())
    name = spec.name.rpartition(".")[2]
    places = ["", *sys.path] if around is None else around
    return [str(folder) for folder in (Path(place) / name for place in places) if folder.is_dir()]


def is_ours(source: Path, here: Path) -> bool:
    """Tell whether a source lies under this directory, and is nothing that was installed there."""
    if source.suffix != ".py" or not source.is_relative_to(here):
        return False
    library = Path(sysconfig.get_path("stdlib")).resolve()
    return not INSTALLED & set(source.parts) and not source.is_relative_to(library)


def _binds_scenario(source: Path, name: str) -> bool:
    """Tell whether a source binds this name, at its top, to a scenario or a function that makes one."""
    tree = parsed(source)
    return tree is not None and any(map(partial(_is_scenario, name=name), tree.body))


def parsed(source: Path) -> ast.Module | None:
    """Return the tree of a source, None where it is too long or none."""
    try:
        if source.stat().st_size > SOURCE_BYTES_MAX:
            return None
        return ast.parse(source.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return None


def _is_scenario(node: ast.stmt, name: str) -> bool:
    """Tell whether a statement is one of these, `SCENARIO` being the name, or makes a `Suite`.

    >>> yes = "SCENARIO = Scenario(x)", "SCENARIO: Scenario = f()", "def SCENARIO() -> Scenario: f()"
    >>> no = "SCENARIO = f()", "import SCENARIO", "def SCENARIO(): f()", "other = Scenario(x)"
    >>> [_is_scenario(ast.parse(text).body[0], "SCENARIO") for text in (*yes, *no)]
    [True, True, True, False, False, False, False]
    >>> changed = "SCENARIO = LOCK.replace(limits={})", "SCENARIO = 'a'.replace('a', 'b')"
    >>> [_is_scenario(ast.parse(text).body[0], "SCENARIO") for text in changed]
    [True, False]
    """
    match node:
        case ast.FunctionDef(name=bound, returns=ast.expr() as promise):
            return bound == name and _is_scenario_class(promise)
        case ast.AnnAssign(target=ast.Name(id=bound), annotation=promise, value=ast.expr()):
            return bound == name and _is_scenario_class(promise)
        case ast.Assign(targets=[ast.Name(id=bound)], value=ast.Call(func=made)):
            is_made = last_name(ast.unparse(made)) in ("Scenario", "scenario", "Suite")
            return bound == name and (is_made or _changes_scenario(node.value))
    return False


def _is_scenario_class(expression: ast.expr) -> bool:
    return _names_scenario(ast.unparse(expression))


def _changes_scenario(made: ast.expr) -> bool:
    """Tell whether an expression is a scenario with fields changed: no other `replace` takes these."""
    match made:
        case ast.Call(func=ast.Attribute(attr="replace"), args=[], keywords=[_, *_] as changes):
            return {change.arg for change in changes} <= {field.name for field in fields(Scenario)}
    return False
