"""A release says what it contains: licences in the wheel, parts in a list, versions in a lock."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest
from packaging.version import Version

from tests.packaging.conftest import Installed
from tests.packaging.release import (
    SOURCES,
    WrongRelease,
    check_licences,
    check_parts,
    check_tag,
    modules,
    notes_of,
    with_modules,
)

ABOUT = "Metadata-Version: 2.4\nName: counterpoint\n"
TEXTS = "".join(f"License-File: x/{name}\n" for name in {m["license_file"] for m in modules()})


def wheel_that_says(text: str, folder: Path) -> Path:
    path = folder / "counterpoint.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("counterpoint.dist-info/METADATA", ABOUT + text)
    return path


@pytest.mark.slow
def test_the_wheel_names_every_licence_and_brings_its_text(installed: Installed) -> None:
    check_licences(installed.wheel)


def test_a_wheel_that_names_too_little_is_noticed(tmp_path: Path) -> None:
    whole = f"License-Expression: Apache-2.0 AND MIT\n{TEXTS}"
    check_licences(wheel_that_says(whole, tmp_path))
    with pytest.raises(WrongRelease, match="does not name MIT"):
        check_licences(wheel_that_says(whole.replace(" AND MIT", ""), tmp_path))
    with pytest.raises(WrongRelease, match="does not bring LICENSE-htm"):
        check_licences(wheel_that_says(whole.replace("-htm", "-other"), tmp_path))


def test_a_wheel_of_another_version_than_the_tag_is_noticed() -> None:
    check_tag("v1.2.0", Version("1.2.0"))
    check_tag(None, Version("1.2.0.post1.dev3"))
    with pytest.raises(WrongRelease, match=r"is version 1\.2\.0, not that of the tag v1\.3\.0"):
        check_tag("v1.3.0", Version("1.2.0"))


def test_the_notes_are_what_the_changelog_says_of_the_version() -> None:
    changelog = (
        "# C\n\n## [Unreleased]\n\n## [1.2.0] - 2026-01-01\n\nNews.\n\n## [1.1.0] - x\n\nOld.\n"
    )
    assert notes_of(Version("1.2.0.post1.dev3"), changelog) == "News.\n"
    assert notes_of(Version("1.1.0"), changelog) == "Old.\n"
    with pytest.raises(WrongRelease, match=r"says nothing of \[1\.3\.0\]"):
        notes_of(Version("1.3.0"), changelog)


def test_modules_are_parts_once_and_a_version_that_is_no_part_is_noticed() -> None:
    rich = {"bom-ref": "rich", "name": "rich", "version": "14.0"}
    parts = with_modules({"components": [rich]})
    names = [part["name"] for part in parts["components"]]
    assert sorted(names) == sorted({"rich", *(module["package"] for module in modules())})
    assert with_modules(parts) == parts
    check_parts(parts, "rich==14.0\n")
    with pytest.raises(WrongRelease, match=r"rich==14\.1 is installed"):
        check_parts(parts, "rich==14.1\n")


def test_the_modules_are_those_that_the_list_says() -> None:
    for module in modules():
        content = (SOURCES.parent / module["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == module["sha256"], module["file"]
