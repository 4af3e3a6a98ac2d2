"""One word per idea, and no circles: what is doubled still is listed here, and the lists only shrink."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cache

import pytest

from tests.packaging.structure import (
    by_folder,
    circles,
    crowded_files,
    doubled_types,
    import_graph,
    imports,
    modules,
    type_names,
)

PARSED = cache(modules)

# What the nodes of two protocols say and keep, each in its own words: these names are in traces.
OF_PROTOCOLS = """
    Answer Ask Idle Imposing Read Refused Request Server Store Stored Told Transform Waiting
    Write Written
"""

# Two meanings all the same; who renames one takes it off here. `Move` is shown in reports by its name.
DOUBLED = """
    Move T
"""

CROWDED = """
    check vocabulary
"""


@pytest.mark.slow
def test_a_type_name_means_one_thing() -> None:
    assert sorted(doubled_types(PARSED())) == sorted({*OF_PROTOCOLS.split(), *DOUBLED.split()})


def test_the_names_of_protocols_are_doubled_in_protocols() -> None:
    """A name that two protocols share is no excuse for a third meaning outside of them."""
    homes = doubled_types(PARSED())
    for name in set(OF_PROTOCOLS.split()) - set(DOUBLED.split()):
        outside = [place for place in homes[name] if not place.startswith("impl.")]
        assert outside in ([], ["model.actions"]), name


def test_no_file_name_is_used_more_than_twice() -> None:
    assert sorted(crowded_files(PARSED())) == sorted(CROWDED.split())


@pytest.mark.slow
def test_no_modules_import_each_other_in_a_circle() -> None:
    """Imports inside functions and for type checkers count as well.

    What is imported late is run late, but it is read by who wants to understand either module; and a
    circle through types alone is why neither can be read, moved or tested first.
    """
    assert circles(import_graph(PARSED())) == []


@pytest.mark.slow
def test_the_folders_of_harness_use_each_other_one_way() -> None:
    """Reports rest on analyses, and both on what explains a trace; the files beside them compose."""
    folders = by_folder(import_graph(PARSED()))
    inner = {
        folder: {other for other in others if other.startswith("harness.")}
        for folder, others in folders.items()
        if folder.startswith("harness.")
    }
    assert circles(inner) == []


# ---- the readings themselves ---------------------------------------------------------------------


def parsed(sources: Mapping[str, str]) -> dict[str, set[str]]:
    """Return the import graph of these sources."""
    return import_graph({name: ast.parse(text) for name, text in sources.items()})


@pytest.mark.parametrize(
    "line",
    [
        "from counterpoint.m.a import thing",
        "from counterpoint.m import a",
        "import counterpoint.m.a",
        "if TYPE_CHECKING:\n    from counterpoint.m.a import Thing",
        "def late():\n    from counterpoint.m.a import thing",
    ],
)
def test_every_way_to_import_can_close_a_circle(line: str) -> None:
    sources = {"m": "", "m.a": "from counterpoint.m.b import x", "m.b": line}
    assert circles(parsed(sources)) == [["m.a", "m.b"]]
    assert circles(parsed({**sources, "m.b": ""})) == []


def test_a_name_is_doubled_by_a_class_or_an_alias() -> None:
    one = ast.parse("class A: ...\nB = tuple[int]\nclass C: ...\nD: TypeAlias = int")
    two = ast.parse("A = int | str\nclass B: ...\nc = 3\nD = 4")
    assert doubled_types({"x": one, "y": two}) == {"A": ["x", "y"], "B": ["x", "y"]}
    assert list(type_names(two)) == ["A", "B"]


def test_a_file_name_is_counted_and_a_folder_is_not() -> None:
    names = dict.fromkeys(["m.a.x", "m.b.x", "m.c.x", "m.x", "m.x.y", "m.z.y"])
    assert crowded_files(names) == {"x": ["m.a.x", "m.b.x", "m.c.x"]}


def test_imports_of_others_are_not_ours() -> None:
    assert imports("m.a", ast.parse("import os\nfrom rich.m import b"), {"m.b": None}) == set()
