"""A fingerprint of the code that a search runs: if it is the same, the same runs end the same way.

Hashed are the whole of this package, the modules in which a scenario is written, and the modules that
these import, with the packages that they are in, as far as they are the user's own; of what is
installed besides, the version stands for the content.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from counterpoint.model.forms import system_modules
from counterpoint.model.scenario import Scenario

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
    for name in sorted(_reachable((*_modules_of(scenario), *roots))):
        digest.update(f"{name}\n".encode() + _content(name))
    return digest.hexdigest()


def _own_files() -> Iterator[Path]:
    for folder in FOLDERS:
        yield from sorted((PACKAGE / folder).rglob("*.py"))


def _modules_of(scenario: Scenario) -> Iterator[str]:
    """Yield the modules of the functions that a scenario is made of, and the one that it is built in."""
    yield str(scenario.origin.get("system", "")).partition(":")[0]
    yield from system_modules(scenario.system)
    functions = (
        *(claim.check for claim in scenario.properties),
        *(claim.violation for claim in scenario.invariants),
        *(claim.is_met for claim in scenario.goals),
        *(scenario.tolerates, scenario.depends_on, scenario.commute, scenario.visible),
        *scenario.actions,
    )
    yield from (str(getattr(function, "__module__", "")) for function in functions)


def _reachable(names: Iterable[str]) -> set[str]:
    """Return the modules that these import, themselves among them, but for what came with Python."""
    found: set[str] = set()
    left = [name for name in names if name]
    while left:
        name = left.pop()
        top = name.partition(".")[0]
        if name in found or name not in sys.modules or top in (*sys.stdlib_module_names, OURS):
            continue
        found.add(name)
        left.append(name.rpartition(".")[0])  # importing a module runs the packages that it is in
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
    return Path(getattr(sys.modules[name], "__file__", None) or "")


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
        return str(getattr(sys.modules[package], "__version__", ""))
