"""Python: the run as a test of its own, one line a choice, that fails until the bug is gone."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from itertools import count

from counterpoint.harness.explanation.plain import plain
from counterpoint.harness.report.terminal import broken_first
from counterpoint.model.source import NoSource, source_of
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
        expression += f".replace(calls={writer.source(dict(asked))})"
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
        self._names: dict[str, type] = {}
        self.imports: set[str] = set()

    def source(self, value: object) -> str:
        """Return an expression that evaluates to an equal value."""
        try:
            return source_of(value, self._named)
        except NoSource as error:
            raise CannotExport(str(error)) from error

    def _named(self, cls: type) -> str:
        if "<locals>" in cls.__qualname__ or cls.__module__ == "__main__":
            raise CannotExport(
                f"{cls.__qualname__} of {cls.__module__} cannot be imported; "
                "define it at the top of a module"
            )
        outer, dot, inner = cls.__qualname__.partition(".")
        home = getattr(sys.modules.get(cls.__module__), outer, cls)
        name = self._free_name(outer, home)
        alias = "" if name == outer else f" as {name}"
        self.imports.add(f"from {cls.__module__} import {outer}{alias}")
        return f"{name}{dot}{inner}"

    def _free_name(self, name: str, home: type) -> str:
        """Return the name for a class, or another one where a class of another module has it."""
        for number in count(1):
            tried = name if number == 1 else f"{name}{number}"
            if self._names.setdefault(tried, home) is home:
                return tried
        raise AssertionError("numbers do not end")
