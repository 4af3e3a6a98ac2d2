"""Where systems have their names: the catalog, the pyproject.toml of this directory, entry points.

    [tool.counterpoint.systems]
    lock = "lock:LOCKS"

What the pyproject.toml of the current directory names is yours to run, as what you type is. An entry
point is of whatever is installed, so a name in the header of a trace starts it only if its module lies
under the current directory.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from counterpoint.harness.unknown_name import UnknownName
from counterpoint.model.inert import quoted

PYPROJECT = "pyproject.toml"
GROUP = "counterpoint.systems"
"""The group of entry points."""

LIVE = "live"
"""What the system of a trace is called that was made of the logs of a cluster."""

MAELSTROM = "maelstrom"
"""What the system of a trace is called whose nodes are programs that speak Maelstrom's protocol."""

SYSTEMS: Mapping[str, str] = MappingProxyType(
    {
        "token_manager": "counterpoint.harness.systems.token_manager",
        "register": "counterpoint.harness.systems.register",
        "causal_deps": "counterpoint.harness.systems.causal_deps",
        "causal_lamport": "counterpoint.harness.systems.causal_lamport",
    }
)
"""The module of each system; it is imported when it is asked for, so that help stays fast."""


def named_here() -> dict[str, str]:
    """Return what the pyproject.toml of the current directory names: "module:name" by name.

    Raises:
        UnknownName: it cannot be read, or a name stands for something else.
    """
    path = Path(PYPROJECT)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UnknownName(f"{PYPROJECT}: {error.strerror}") from None
    if b"counterpoint" not in content:
        return {}
    import tomllib  # not needed where nothing of ours is in it

    try:
        tables = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UnknownName(f"{PYPROJECT}: {error}") from None
    tool = tables.get("tool", {})
    ours = tool.get("counterpoint", {}) if isinstance(tool, dict) else {}
    return _systems(ours.get("systems", {}) if isinstance(ours, dict) else ours)


def _systems(table: object) -> dict[str, str]:
    where = f"{PYPROJECT}: [tool.counterpoint.systems]"
    if not isinstance(table, dict):
        raise UnknownName(f'{where} must be a table of names: lock = "lock:LOCKS"')
    for name, place in table.items():
        if ":" in name or not name:
            raise UnknownName(f"{where}: {quoted(name)} is no name; it must be without a colon")
        if not isinstance(place, str) or not all(place.partition(":")):
            raise UnknownName(
                f"{where}: {name} is {quoted(str(place))}; it must be where the system is, as "
                f'"module:name": {name} = "{name}:SYSTEM"'
            )
    return dict(table)


def named_by_entry_points() -> dict[str, str]:
    """Return what installed distributions name: "module:name" by name."""
    from importlib.metadata import entry_points  # which takes longer than to read a name

    return {point.name: point.value for point in entry_points(group=GROUP)}


def own_names() -> tuple[str, ...]:
    """Return the names of the systems that are not ours.

    Raises:
        UnknownName: the pyproject.toml of the current directory is wrong about them.
    """
    by_entry_points = (name for name in named_by_entry_points() if name not in SYSTEMS)
    return tuple(dict.fromkeys((*named_of_ones_own(), *by_entry_points)))


def named_of_ones_own() -> dict[str, str]:
    """Return what `named_here` does, none of it a name of the catalog.

    Raises:
        UnknownName: it cannot be read, or names what is in the catalog.
    """
    here = named_here()
    for name in here:
        if name in SYSTEMS or name == LIVE:
            raise UnknownName(
                f"{PYPROJECT}: [tool.counterpoint.systems]: {name} is a system of the catalog; give "
                "yours another name"
            )
    return here
