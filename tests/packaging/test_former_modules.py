"""What a module had that is gone can be imported from where it was, with a warning."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

import pytest

import counterpoint
from counterpoint.model import former_modules

PLACES = json.loads(Path(former_modules.__file__).with_name("former_modules.json").read_text())


def test_every_former_name_is_found_where_it_is_now() -> None:
    assert len(PLACES) > 50
    for old, names in PLACES.items():
        for name, place in names.items():
            home, _, new = place.partition(":")
            assert hasattr(import_module(f"counterpoint.{home}"), new), f"{old}.{name}"


@pytest.mark.parametrize(
    ("module", "name", "now"),
    [
        ("model.move", "Move", "model.world.WorldMover"),
        ("model.rules", "may_spend", "model.kind.may_spend"),
        ("model.conditions", "Conditions", "model.fault_state.FaultState"),
        ("checkers.objects.accounts", "Bank", "checkers.objects.services.Bank"),
    ],
)
def test_a_former_module_warns_and_gives_what_took_its_place(
    module: str, name: str, now: str
) -> None:
    found = import_module(f"counterpoint.{module}")
    home, _, new = now.rpartition(".")
    with pytest.warns(DeprecationWarning, match=f"{module}.{name} is counterpoint.{now} now"):
        assert getattr(found, name) is getattr(import_module(f"counterpoint.{home}"), new)


@pytest.mark.parametrize(
    ("module", "name"), [("model.reaction", "Core"), ("checkers.operations", "View")]
)
def test_a_former_name_of_a_module_that_is_there_warns(module: str, name: str) -> None:
    with pytest.warns(DeprecationWarning, match=f"{module}.{name} is "):
        assert getattr(import_module(f"counterpoint.{module}"), name) is not None


def test_what_never_was_is_not_found() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"counterpoint\.model\.nothing"):
        import_module("counterpoint.model.nothing")
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        getattr(import_module("counterpoint.model.move"), "nothing" + "")
    assert counterpoint.__name__ == "counterpoint"
