"""Exports: a trace in the formats of other tools. Each module promises what its reader needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from counterpoint.harness.exports.dot import to_dot
from counterpoint.harness.exports.edn import to_edn
from counterpoint.harness.exports.itf import to_itf
from counterpoint.harness.exports.mermaid import to_mermaid
from counterpoint.harness.exports.perfetto import to_perfetto
from counterpoint.harness.exports.python import to_python
from counterpoint.harness.exports.shiviz import to_shiviz
from counterpoint.model.trace import Trace
from counterpoint.model.verdict import Verdict

Exporter = Callable[[Trace, Sequence[Verdict]], str]


@dataclass(frozen=True, slots=True)
class Export:
    """One format that traces are written in: an entry of the table.

    `suffix` is what the name of a file ends in.
    """

    name: str
    write: Exporter
    suffix: str


_EXPORTS = (
    Export("shiviz", to_shiviz, ".shiviz.log"),
    Export("itf", to_itf, ".itf.json"),
    Export("edn", to_edn, ".edn"),
    Export("mermaid", to_mermaid, ".mmd"),
    Export("dot", to_dot, ".dot"),
    Export("perfetto", to_perfetto, ".perfetto.json"),
    Export("python", to_python, "_test.py"),
)
EXPORTS: Mapping[str, Export] = MappingProxyType({one.name: one for one in _EXPORTS})
"""Every format, by the name that the command line knows it by."""
