"""What the modules of the package name, and which of them import each other: read off their source."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LAYERS = ("model", "impl", "checkers", "harness")


def modules(root: Path = ROOT) -> dict[str, ast.Module]:
    """Return each module of the package by its name below `counterpoint`, parsed."""
    found = {}
    for layer in LAYERS:
        for path in sorted((root / layer).rglob("*.py")):
            name = path.relative_to(root).with_suffix("").as_posix().replace("/", ".")
            found[name.removesuffix(".__init__")] = ast.parse(path.read_text())
    return found


# ---- names ---------------------------------------------------------------------------------------


def type_names(module: ast.Module) -> Iterator[str]:
    """Return the types that a module defines: classes, aliases, variables of types.

    >>> source = "class A: ...\\nB: TypeAlias = int\\nC = tuple[int, int]\\nD = 3\\nCAP = f(1)"
    >>> list(type_names(ast.parse(source)))
    ['A', 'B', 'C']
    """
    for node in module.body:
        match node:
            case ast.ClassDef(name):
                yield name
            case ast.AnnAssign(ast.Name(name), annotation) if "TypeAlias" in ast.dump(annotation):
                yield name
            case ast.Assign([ast.Name(name)], value) if _is_alias(name, value):
                yield name


def _is_alias(name: str, value: ast.expr) -> bool:
    is_camel = name.lstrip("_")[:1].isupper() and not (len(name) > 1 and name.isupper())
    return is_camel and isinstance(
        value, ast.Subscript | ast.BinOp | ast.Call | ast.Name | ast.Attribute
    )


def doubled_types(parsed: Mapping[str, ast.Module]) -> dict[str, list[str]]:
    """Return the type names that more than one module defines, with the modules."""
    homes: defaultdict[str, list[str]] = defaultdict(list)
    for name, module in parsed.items():
        for found in dict.fromkeys(type_names(module)):
            homes[found].append(name)
    return {name: places for name, places in sorted(homes.items()) if len(places) > 1}


def crowded_files(names: Mapping[str, object], most: int = 2) -> dict[str, list[str]]:
    """Return the file names that more than so many modules have, with the modules; no folders."""
    homes: defaultdict[str, list[str]] = defaultdict(list)
    folders = {name.rpartition(".")[0] for name in names}
    for name in names:
        if name not in folders:
            homes[name.rpartition(".")[2]].append(name)
    return {last: places for last, places in sorted(homes.items()) if len(places) > most}


# ---- circles -------------------------------------------------------------------------------------


def imports(name: str, module: ast.Module, known: Mapping[str, object]) -> set[str]:
    """Return the modules of the package that a module imports, wherever in it and for whatever."""
    found = set()
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and node.module:
            origin = node.module.removeprefix("counterpoint.")
            for alias in node.names:
                inner = f"{origin}.{alias.name}"
                found.add(inner if inner in known else origin)
        elif isinstance(node, ast.Import):
            found |= {alias.name.removeprefix("counterpoint.") for alias in node.names}
    return {other for other in found if other in known and other != name}


def import_graph(parsed: Mapping[str, ast.Module]) -> dict[str, set[str]]:
    """Return what each module imports."""
    return {name: imports(name, module, parsed) for name, module in parsed.items()}


def by_folder(graph: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Return what each folder imports, the modules in it taken together.

    >>> by_folder({"m.a.x": {"m.b.y", "m.a.z"}, "m.b.y": set(), "m.a.z": set()})
    {'m.a': {'m.b'}, 'm.b': set()}
    """
    folders: defaultdict[str, set[str]] = defaultdict(set)
    for name, others in graph.items():
        home = name.rpartition(".")[0]
        folders[home] |= {other.rpartition(".")[0] for other in others} - {home}
    return dict(folders)


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Return the groups of more than one that all reach each other, as simply as can be.

    >>> circles({"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set()})
    [['b', 'c']]
    """
    reached = {start: _reachable(graph, start) for start in graph}
    groups = {
        frozenset(other for other in reached[start] if start in reached[other]) for start in graph
    }
    return sorted(sorted(group) for group in groups if len(group) > 1)


def _reachable(graph: Mapping[str, set[str]], start: str) -> set[str]:
    """Return what a walk along the imports of `start` comes to, in one step or more."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for other in graph[waiting.pop()] - found:
            found.add(other)
            waiting.append(other)
    return found
