"""The pages of the reference say what the docstrings say."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from counterpoint.harness import listed
from counterpoint.model.actions import ACTIONS
from tests.docs.pages import ROOT


def loaded(path: Path) -> ModuleType:
    """Import a script that is no part of the package."""
    specification = importlib.util.spec_from_file_location(path.stem, path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[path.stem] = module  # where dataclasses look for their names
    specification.loader.exec_module(module)
    return module


make_reference = loaded(ROOT / "docs" / "make_reference.py")


ALL_PAGES = (*make_reference.PAGES, make_reference.COMMAND_LINE)


@pytest.mark.parametrize("page", ALL_PAGES, ids=lambda page: page.file)
def test_a_page_is_what_the_docstrings_make_of_it(page: Any) -> None:
    written = (ROOT / "docs" / "reference" / page.file).read_text()
    assert written == make_reference.text_of(page), "the docstrings changed: run `make reference`"


def test_what_list_tells_is_what_the_catalog_has() -> None:
    written = listed.FILE.read_text(encoding="utf-8")
    assert written == listed.text_of_listed(), "the catalog changed: run `make reference`"


def test_every_kind_of_action_has_its_row() -> None:
    table = make_reference.table_of_actions()
    assert [f"| `{action.kind}` |" in table for action in ACTIONS] == [True] * len(ACTIONS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(">>> 1 + 1\n2", "```pycon\n>>> 1 + 1\n2\n```", id="an example is fenced"),
        pytest.param(
            "Raises:\n    ValueError: too long,\n        or too short.\n    KeyError: none.",
            "Raises:\n\n- `ValueError`: too long, or too short.\n- `KeyError`: none.",
            id="exceptions become a list",
        ),
        pytest.param("Some `words`.", "Some `words`.", id="the rest is Markdown already"),
    ],
)
def test_a_paragraph_of_a_docstring_becomes_markdown(text: str, expected: str) -> None:
    assert make_reference.paragraph(text) == expected
