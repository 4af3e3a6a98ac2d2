"""The names that are promised: of the package, of its public modules, and its version."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

import counterpoint as cp

FACE = Path(cp.__file__)


@pytest.mark.parametrize("name", ["aio", "check", "pytest"])
def test_a_public_module_has_what_its_stub_says(name: str) -> None:
    module = import_module(f"counterpoint.{name}")
    assert getattr(cp, name) is module
    stub = ast.parse(FACE.with_name(f"{name}.pyi").read_text())
    imports = [node for node in stub.body if isinstance(node, ast.ImportFrom)]
    assert {alias.asname for node in imports for alias in node.names} == set(module.__all__)
    for node in imports:
        for alias in node.names:
            assert getattr(module, alias.name) is getattr(
                import_module(str(node.module)), alias.name
            )
    assert set(module.__all__) <= set(dir(module))
    with pytest.raises(AttributeError, match=f"counterpoint.{name}. has no attribute 'nothing'"):
        _ = module.nothing


def test_a_history_is_judged_by_public_names_alone() -> None:
    read = cp.check.Operation("o1", "c1", "read", "x", None, 7, called=0, returned=1)
    verdict = cp.check.check_linearizability((read,), cp.check.Register(initial=0))
    assert verdict.outcome is cp.check.Outcome.BROKEN


def test_the_version_is_that_of_the_package() -> None:
    assert re.match(r"\d+\.\d+", cp.__version__)
    assert "__version__" in FACE.with_suffix(".pyi").read_text()
