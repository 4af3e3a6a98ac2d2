"""Exports: a trace in the formats of other tools. Each module promises what its reader needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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

EXPORTS: Mapping[str, Exporter] = MappingProxyType(
    {
        "shiviz": to_shiviz,
        "itf": to_itf,
        "edn": to_edn,
        "mermaid": to_mermaid,
        "dot": to_dot,
        "perfetto": to_perfetto,
        "python": to_python,
    }
)
"""Every format, by the name that the command line knows it by."""

SUFFIXES: Mapping[str, str] = MappingProxyType(
    {
        "shiviz": ".shiviz.log",
        "itf": ".itf.json",
        "edn": ".edn",
        "mermaid": ".mmd",
        "dot": ".dot",
        "perfetto": ".perfetto.json",
        "python": "_test.py",
    }
)
"""What the name of an exported file ends in."""
