"""What wrote a result: the name and the version of this package."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from counterpoint.model.values import Json


def tool() -> dict[str, Json]:
    """Return what wrote a result."""
    # What takes as long to import as twenty of our modules, and only results in JSON need.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return {"name": "counterpoint", "version": version("counterpoint")}
    except PackageNotFoundError:
        return {"name": "counterpoint", "version": "unknown"}
