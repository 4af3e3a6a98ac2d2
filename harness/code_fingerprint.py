"""A fingerprint of the code that a search runs: if it is the same, the same runs end the same way.

Hashed are the whole of this package, what a scenario allows and asks, the modules in which it is
written, and the modules that these import, anywhere in them, as far as they are the user's own; of what
is installed besides, the version stands for the content. Data that a module reads is not seen.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

from counterpoint.model.forms import system_modules
from counterpoint.model.mistakes import without_arguments
from counterpoint.model.scenario import Scenario
from counterpoint.model.values import Json, canonical, json_text

OURS = "counterpoint"
PACKAGE = Path(__file__).parent.parent
FOLDERS = ("model", "impl", "checkers", "harness")


def code_fingerprint(scenario: Scenario, *roots: str) -> str:
    """Return the fingerprint of what a scenario runs; `roots` are further modules that it rests on.

    It is the same in every process and on every machine that has the same code and the same Python.
    """
    digest = blake2b(f"python {sys.version_info[:2]}\n".encode(), digest_size=16)
    for path in _own_files():
        digest.update(path.read_bytes())
    digest.update(_said_by(scenario).encode())
    for name in sorted(_reachable((*_modules_of(scenario), *roots))):
        digest.update(f"{name}\n".encode() + _content(name))
    return digest.hexdigest()


def _own_files() -> Iterator[Path]:
    for folder in FOLDERS:
        yield from sorted((PACKAGE / folder).rglob("*.py"))


def _said_by(scenario: Scenario) -> str:
    """Return what a scenario says in values: what may happen, who asks what, and how it begins.

    How many faults a run has is left out: an exploration has a round for each number.
    """
    calls = scenario.calls if isinstance(scenario.calls, Mapping) else {}
    states = scenario.initial_states
    said = {
        "limits": {kind: canonical(budget) for kind, budget in sorted(scenario.limits.items())},
        "actions": [action.__qualname__ for action in scenario.actions],
        "calls": {client: canonical(tuple(asked)) for client, asked in sorted(calls.items())},
        "states": {node: canonical(state) for node, state in sorted(states.items())},
        "nodes": canonical((scenario.system.nodes, scenario.partitions, scenario.symmetric)),
        "rules": [scenario.network, scenario.in_order],
    }
    return json_text(cast("Json", said))


def _modules_of(scenario: Scenario) -> Iterator[str]:
    """Yield the modules of the functions that a scenario is made of, and the one that it is built in."""
    yield str(scenario.origin.get("system", "")).partition(":")[0]
    yield from system_modules(scenario.system)
    functions: tuple[Any, ...] = (
        *(claim.check for claim in scenario.properties),
        *(claim.violation for claim in scenario.invariants),
        *(claim.is_met for claim in scenario.goals),
        *(scenario.tolerates, scenario.depends_on, scenario.commute, scenario.visible),
        *(scenario.role_of, scenario.kind_of),
        *(part for claim in scenario.properties for part in (claim.observer, claim.glance)),
        *scenario.actions,
    )
    bare = map(without_arguments, functions)
    yield from (str(getattr(function, "__module__", "")) for function in bare)


def _reachable(names: Iterable[str]) -> set[str]:
    """Return the modules that these import, themselves among them, but for what came with Python."""
    found: set[str] = set()
    left = [name for name in names if name]
    while left:
        name = left.pop()
        package, _, _ = name.rpartition(".")
        if package:  # which runs first
            left.append(package)
        top = name.partition(".")[0]
        if name in found or top in (*sys.stdlib_module_names, OURS) or not _file(name).name:
            continue
        found.add(name)
        if not _is_installed(name):
            left.extend(_imported_by(name))
    return found


def _imported_by(name: str) -> Iterator[str]:
    """Yield what a module may import: a name after `from` may be a module, or something in one."""
    package = (name if _file(name).name == "__init__.py" else name.rpartition(".")[0]).split(".")
    for node in ast.walk(ast.parse(_content(name) or b"")):
        match node:
            case ast.Import(names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module, names, level):
                above = package[: len(package) - (level or 0) + 1] if level else []
                base = ".".join([*above, *([module] if module else [])])
                yield base
                yield from (f"{base}.{alias.name}" for alias in names)


def _file(name: str) -> Path:
    """Return where a module is written, also one that is imported later, by a handler; else nothing."""
    if name in sys.modules:
        return Path(getattr(sys.modules[name], "__file__", None) or "")
    package, _, _ = name.rpartition(".")
    if package and package not in sys.modules:  # to look into it would run it
        return Path()
    try:
        found = find_spec(name)
    except (ImportError, ValueError, AttributeError):
        return Path()
    return Path((found.origin if found and found.has_location else None) or "")


def _is_installed(name: str) -> bool:
    """Tell whether a module is of a distribution, whose version tells what is in it."""
    return bool({"site-packages", "dist-packages"} & set(_file(name).parts))


def _content(name: str) -> bytes:
    if _is_installed(name):
        return _version(name.partition(".")[0]).encode()
    try:
        return _file(name).read_bytes() if _file(name).suffix == ".py" else b""
    except OSError:
        return b""


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # its distribution is called otherwise
        return str(getattr(sys.modules.get(package), "__version__", ""))
