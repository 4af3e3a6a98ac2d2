"""Python: the run as a test of its own, one line a choice, that fails until the bug is gone."""

from __future__ import annotations

import dataclasses
import re
import textwrap
from collections.abc import Mapping, Sequence
from enum import Enum

from counterpoint.harness.explanation.plain import plain
from counterpoint.harness.report.terminal import broken_first
from counterpoint.model.trace import Trace
from counterpoint.model.verdict import Verdict


class CannotExport(ValueError):
    """A trace that cannot be written as this format. Says what is in the way, and what to do."""


def to_python(
    trace: Trace, verdicts: Sequence[Verdict], *, scenario: tuple[str, str] | None = None
) -> str:
    """Return the source of a test module.

    `scenario` is an import line and an expression that build the scenario; without it the scenario
    must come from the catalog.

    Raises:
        CannotExport: the scenario is not of the catalog, or a value cannot be written in Python.
    """
    writer = _Writer()
    choices = [writer.source(choice) for choice in trace.choices]
    verdict = broken_first(verdicts)
    name = verdict.property if verdict else "nothing breaks"
    setup, expression = scenario or _from_catalog(trace)
    if trace.scenario.drawn_from is not None:
        asked = trace.scenario.fixed_calls.items()
        calls = ", ".join(f"{client!r}: {writer.source(some)}" for client, some in asked)
        expression += f".replace(calls={{{calls}}})"
    summary = plain(verdict.summary if verdict else "", 200).replace("\\", "/").replace('"', "'")
    lines = [
        f'"""{summary or name}"""',
        "",
        "from __future__ import annotations",
        "",
        *sorted({setup, "from counterpoint.model.search.replay import judge, run_leniently",
                 *writer.imports}),
        "",
        f"SCENARIO = {expression}",
        "",
        "CHOICES = (",
        *(f"    {choice}," for choice in choices),
        ")",
        "",
        "",
        f"def test_{_identifier(name)}() -> None:",
        "    verdicts = judge(run_leniently(SCENARIO, CHOICES))",
        "    assert [v.summary for v in verdicts if v.is_broken] == []",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _from_catalog(trace: Trace) -> tuple[str, str]:
    origin = trace.scenario.origin
    if not origin:
        raise CannotExport(
            f"the scenario {trace.scenario.name!r} has no origin, so no test can build it again; "
            "give `scenario=` the import line and the expression that build it"
        )
    return "from counterpoint.harness.catalog import rebuild", f"rebuild({dict(origin)!r})"


def _identifier(text: str) -> str:
    """Return text as the rest of a function's name.

    >>> _identifier("no new/old inversion")
    'no_new_old_inversion'
    """
    return re.sub(r"\W+", "_", text.lower(), flags=re.ASCII).strip("_") or "trace"


class _Writer:
    """Writes values as source, and collects the imports that they need."""

    def __init__(self) -> None:
        self.imports: set[str] = set()

    def source(self, value: object) -> str:
        """Return an expression that evaluates to an equal value."""
        match value:
            case Enum():
                return f"{self._named(type(value))}.{value.name}"
            case None | bool() | int() | str() | bytes():
                return repr(value)
            case frozenset():
                return (
                    f"frozenset({{{self._all(sorted(value, key=repr))}}})"
                    if value
                    else "frozenset()"
                )
            case tuple() if hasattr(value, "_fields"):
                return f"{self._named(type(value))}({self._all(value)})"
            case tuple():
                return f"({self._all(value)},)" if len(value) == 1 else f"({self._all(value)})"
            case Mapping():
                pairs = (f"{self.source(k)}: {self.source(v)}" for k, v in value.items())
                return f"{self._named(type(value))}({{{', '.join(pairs)}}})"
        if dataclasses.is_dataclass(value):
            parts = [
                f"{field.name}={self.source(getattr(value, field.name))}"
                for field in dataclasses.fields(value)
                if field.init
            ]
            return f"{self._named(type(value))}({', '.join(parts)})"
        raise CannotExport(
            f"{textwrap.shorten(repr(value), 80)} cannot be written as Python source"
        )

    def _all(self, values: Sequence[object]) -> str:
        return ", ".join(map(self.source, values))

    def _named(self, cls: type) -> str:
        if "<locals>" in cls.__qualname__ or cls.__module__ == "__main__":
            raise CannotExport(
                f"{cls.__qualname__} of {cls.__module__} cannot be imported; "
                "define it at the top of a module"
            )
        self.imports.add(f"from {cls.__module__} import {cls.__qualname__.split('.')[0]}")
        return cls.__qualname__
