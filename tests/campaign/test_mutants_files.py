"""The campaigns over all wrong variants: their files name each of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from counterpoint.harness.campaign import lead as leading
from counterpoint.harness.campaign.summary import summary_of
from counterpoint.harness.campaign.targets import targets_of
from counterpoint.harness.catalog import entry
from counterpoint.harness.named_systems import SYSTEMS
from tests.campaign.found import missed
from tests.campaign.test_campaigns import RIGHT, WRONG, led
from tests.gallery.test_gallery import DIES_OF

HERE = Path(__file__).parent


def test_every_wrong_variant_of_the_catalog_is_a_target() -> None:
    found = [(one.system, one.mutant) for one in targets_of([str(HERE / "mutants.toml")])]
    assert found == [(system, name) for system in SYSTEMS for name in entry(system).mutants]


@pytest.mark.slow
def test_every_wrong_variant_of_the_gallery_is_a_target() -> None:
    found = [(one.system, dict(one.settings)) for one in targets_of([str(HERE / "gallery.toml")])]
    assert found == [
        (f"docs.gallery.{protocol}:scenario", {"variant": variant})
        for protocol, variants in DIES_OF.items()
        for variant in variants
    ]


@pytest.mark.slow
def test_what_no_run_broke_was_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leading, "confirmed", lambda _: "reproduced")
    with led(tmp_path, RIGHT, WRONG) as store:
        assert missed(summary_of(store)) == [RIGHT.name]
