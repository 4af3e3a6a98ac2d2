"""Where a value stands in a JSON text: what an error needs, and nothing costs before one."""

from __future__ import annotations

from dataclasses import dataclass

from counterpoint.checkers.events import UnreadableHistory
from counterpoint.checkers.readers.json_text import line_of_path
from counterpoint.checkers.readers.limits import excerpt


@dataclass(frozen=True, slots=True)
class Place:
    """A path into the JSON text of a source."""

    text: str
    source: str
    path: tuple[str | int, ...] = ()

    def inside(self, *steps: str | int) -> Place:
        """Step into a container."""
        return Place(self.text, self.source, (*self.path, *steps))

    def wrong(self, value: object, right: str) -> UnreadableHistory:
        """Say what stands here, and what should."""
        shown = excerpt(value)
        return UnreadableHistory(
            self.source, line_of_path(self.text, self.path), f"{shown} is no {right}"
        )
