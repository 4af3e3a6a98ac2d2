"""What a release consists of: `make release-check` writes it to a folder, and checks it.

counterpoint-*.whl, *.tar.gz   the package
constraints.txt                the versions that the package was installed and started with here
sbom.cdx.json                  the parts, in CycloneDX: those versions, and the modules in the viewer
notes.md                       what is new, as the changelog has it of this version
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from email.parser import Parser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from packaging.utils import parse_wheel_filename
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "harness" / "viewer" / "upstream" / "sources.json"


class WrongRelease(Exception):
    """A release that does not say what it contains. Tells what is missing."""


@click.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--tag", help="The tag that is released; the wheel must have its version.")
def main(target: Path, tag: str | None) -> None:
    """Build, install, list and check a release."""
    try:
        release(target, tag)
    except WrongRelease as error:
        raise click.ClickException(str(error)) from error


def release(target: Path, tag: str | None) -> None:
    """Write a release of this checkout to a folder.

    Raises:
        WrongRelease: it does not contain what it says, or another version than the tag.
    """
    shutil.rmtree(target, ignore_errors=True)
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", target, ROOT)
    (wheel,) = target.glob("*.whl")
    check_licences(wheel)
    version = version_of(wheel)
    check_tag(tag, version)
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    (target / "notes.md").write_text(notes_of(version, changelog), encoding="utf-8")
    with TemporaryDirectory() as place:
        python = _installed(wheel, Path(place))
        lock = _run(python, "-m", "pip", "freeze", "--exclude", "counterpoint")
        (target / "constraints.txt").write_text(lock, encoding="utf-8")
        tool = Path(sys.executable).with_name("cyclonedx-py")
        bom = json.loads(_run(tool, "environment", "--output-reproducible", python))
    parts = with_modules(bom)
    (target / "sbom.cdx.json").write_text(json.dumps(parts, indent=1) + "\n", encoding="utf-8")
    check_parts(parts, lock)
    for path in sorted(target.iterdir()):
        print(f"{path.stat().st_size:>9,}  {path.name}")


def _installed(wheel: Path, place: Path) -> Path:
    """Install the wheel alone into an empty environment, start it, and return its interpreter."""
    venv.create(place, with_pip=True)
    python = place / "bin" / "python"
    _run(python, "-m", "pip", "install", "--quiet", f"{wheel}[fast]")
    _run(place / "bin" / "counterpoint", "fuzz", "register", "--runs", "20", "--out", place / "out")
    return python


def _run(*command: str | Path) -> str:
    done = subprocess.run(
        list(map(str, command)), cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise WrongRelease(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def modules() -> list[dict[str, Any]]:
    """Return the modules of other projects that the package contains."""
    found: list[dict[str, Any]] = json.loads(SOURCES.read_text(encoding="utf-8"))
    return found


def check_licences(wheel: Path) -> None:
    """Require that a wheel names the licence of every module in it, and brings its text.

    Raises:
        WrongRelease: it does not.
    """
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        about = Parser().parsestr(archive.read(name).decode())
    named = set(str(about["License-Expression"]).split(" AND "))
    texts = {Path(text).name for text in about.get_all("License-File", [])}
    for module in modules():
        if module["license"] not in named:
            raise WrongRelease(f"{wheel.name} does not name {module['license']}: {sorted(named)}")
        if module["license_file"] not in texts:
            raise WrongRelease(f"{wheel.name} does not bring {module['license_file']}")


def version_of(wheel: Path) -> Version:
    """Return the version of a wheel, which its name tells."""
    return parse_wheel_filename(wheel.name)[1]


def check_tag(tag: str | None, version: Version) -> None:
    """Require that what is released under a tag has its version.

    Raises:
        WrongRelease: it has not.
    """
    if tag is not None and tag != f"v{version}":
        raise WrongRelease(f"the wheel is version {version}, not that of the tag {tag}")


def notes_of(version: Version, changelog: str) -> str:
    """Return what the changelog says of a version, the work towards it included.

    Raises:
        WrongRelease: it says nothing.
    """
    heading = rf"^## \[{re.escape(version.base_version)}\][^\n]*\n(.*?)(?=^## |\Z)"
    found = re.search(heading, changelog, re.MULTILINE | re.DOTALL)
    if found is None or not found[1].strip():
        raise WrongRelease(f"CHANGELOG.md says nothing of [{version.base_version}]")
    return found[1].strip() + "\n"


def with_modules(bom: dict[str, Any]) -> dict[str, Any]:
    """Return a list of parts with the modules in the viewer, which no installer knows of."""
    known = {part["bom-ref"] for part in bom["components"]}
    added = {part["bom-ref"]: part for part in map(_part, modules())}
    new = [part for reference, part in added.items() if reference not in known]
    return {**bom, "components": [*bom["components"], *new]}


def _part(module: dict[str, Any]) -> dict[str, Any]:
    purl = f"pkg:npm/{module['package'].replace('@', '%40')}@{module['version']}"
    return {
        "type": "library",
        "bom-ref": purl,
        "name": module["package"],
        "version": module["version"],
        "purl": purl,
        "licenses": [{"license": {"id": module["license"]}}],
    }


def check_parts(bom: dict[str, Any], lock: str) -> None:
    """Require that everything in the lock is among the parts, in this version.

    Raises:
        WrongRelease: it is not.
    """
    parts = {
        (part["name"].lower().replace("_", "-"), part["version"]) for part in bom["components"]
    }
    for line in lock.splitlines():
        name, _, version = line.partition("==")
        if (name.lower().replace("_", "-"), version) not in parts:
            raise WrongRelease(f"{line} is installed, and no part of sbom.cdx.json")


if __name__ == "__main__":
    main()
