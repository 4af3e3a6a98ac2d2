"""A protocol to start from: the files that `counterpoint new NAME` writes, and where they may go."""

from __future__ import annotations

import importlib.util
import keyword
import re
from pathlib import Path

from counterpoint.harness.named_systems import PYPROJECT, SYSTEMS, named_here
from counterpoint.model.inert import quoted

HERE = Path(__file__).parent
TABLE = "[tool.counterpoint.systems]"


def files_of(name: str) -> dict[str, str]:
    """Return the text of each file by its name: the protocol, its tests, and what names its system."""
    return {
        f"{name}.py": _text("adder.py", name),
        f"test_{name}.py": _text("tests_of_adder.py", name),
        PYPROJECT: f"{TABLE}\n{naming(name)}\n",
    }


def naming(name: str) -> str:
    """Return the line that names the system."""
    return f'{name} = "{name}:SUITE"'


def _text(template: str, name: str) -> str:
    """Return a template, which is a module here, as a module called `name` somewhere else."""
    text = (HERE / template).read_text(encoding="utf-8")
    text = text.replace("counterpoint.harness.starting.adder", name)
    return re.sub(r'(?<=")adder\b', name, text)


def write_new(name: str, folder: Path) -> dict[Path, bool]:
    """Write the files, and tell of each whether it was; an old pyproject.toml stays as it is.

    Raises:
        ValueError: the name is none, or is taken.
        OSError: a file cannot be written.
    """
    _require_free(name, folder)
    written = {}
    for file, text in files_of(name).items():
        path = folder / file
        written[path] = file != PYPROJECT or not path.exists()
        if written[path]:
            with path.open("x", encoding="utf-8") as target:  # nothing is ever overwritten
                target.write(text)
    return written


def _require_free(name: str, folder: Path) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        like = re.sub(r"\W+", "_", name.lower(), flags=re.ASCII).strip("_0123456789") or "lock"
        like = f"{like}_protocol" if keyword.iskeyword(like) else like
        raise ValueError(
            f"{quoted(name)} cannot be the name of a module; small letters, digits and _ can: {like}"
        )
    if name in SYSTEMS or name == "live":
        raise ValueError(f"{name} is a system of the catalog; give yours another name")
    if name in named_here():
        raise ValueError(f"{PYPROJECT} names a system {name} already; give yours another name")
    for file in (f"{name}.py", f"test_{name}.py"):
        if (folder / file).exists() or (folder / file).is_symlink():
            raise ValueError(f"{folder / file} exists, and nothing is overwritten")
    if importlib.util.find_spec(name) is not None:
        raise ValueError(
            f"there is a module {name} already, which yours would hide; give yours another name"
        )
