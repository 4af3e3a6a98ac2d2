"""Choices on the command line that have short names besides: `awdit`, `ccv` and their like."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import click

FORMATS_IN_SHORT: Mapping[str, str] = MappingProxyType(
    {
        "awdit": "awdit-text",
        "awdit-test": "awdit-text",
        "plume": "plume-text",
        "dbcop": "dbcop-json",
        "edn-lines": "edn",
        "elle": "jepsen-json",
        "jepsen": "jepsen-log",
        "history.txt": "jepsen-history",
    }
)

PROPERTIES_IN_SHORT: Mapping[str, str] = MappingProxyType(
    {
        "cc": "causal-consistency",
        "ccv": "causal-convergence",
        "cm": "causal-memory",
        "ryw": "read-your-writes",
        "mr": "monotonic-reads",
        "mw": "monotonic-writes",
        "wfr": "writes-follow-reads",
        "rc": "read-committed",
        "ra": "read-atomic",
        "si": "snapshot-isolation",
        "ser": "serializability",
        "lin": "linearizability",
    }
)


class ChoiceInShort(click.Choice[str]):
    """A choice of names, some of which can be said in short; the whole name is what comes of it."""

    def __init__(self, names: Iterable[str], in_short: Mapping[str, str]) -> None:
        super().__init__(list(names))
        self._in_short = in_short

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the whole name.

        >>> ChoiceInShort(["causal-memory"], {"cm": "causal-memory"}).convert("cm", None, None)
        'causal-memory'
        """
        return super().convert(self._in_short.get(value, value), param, ctx)
