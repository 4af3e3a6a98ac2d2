"""One worker process: it makes the runs that it is assigned, until nobody assigns any more."""

from __future__ import annotations

import traceback
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from typing import Protocol

from counterpoint.harness.campaign.assignment import (
    Assignment,
    MinimisedRun,
    Minimising,
    NamedSearch,
)
from counterpoint.harness.campaign.minimising import minimised
from counterpoint.harness.memory import full_at
from counterpoint.model.mistakes import BadScenario
from counterpoint.model.search.walks.block import RunBlock
from counterpoint.model.search.walks.campaign import Campaign

CAMPAIGNS_MAX = 200
"""So many searches are kept at hand, with their tables; the one not used for longest goes."""


@dataclass(frozen=True, slots=True)
class Failed:
    """What a worker says in place of a block. `is_ours` is False where the scenario is wrong."""

    text: str
    is_ours: bool


class Flag(Protocol):
    """A number that lead and workers share; other than 0 it asks them to stop."""

    value: int


class Workbench:
    """What a worker has at hand: the searches that it was last assigned."""

    def __init__(self, bytes_max: int | None = None) -> None:
        self._is_full = None if bytes_max is None else full_at(bytes_max)
        self._campaigns: OrderedDict[NamedSearch, Campaign] = OrderedDict()

    def answer(
        self, given: Assignment | Minimising, is_over: Callable[[], bool]
    ) -> RunBlock | MinimisedRun | Failed:
        """Do what was assigned, or say why that cannot be."""
        try:
            if isinstance(given, Minimising):
                return minimised(given)
            return self._block(given, is_over)
        except BadScenario as error:
            return Failed(str(error), is_ours=False)
        except Exception:
            return Failed(traceback.format_exc(), is_ours=True)

    def _block(self, given: Assignment, is_over: Callable[[], bool]) -> RunBlock:
        campaign = self._campaign(given.search)
        block = campaign.block(given.numbers, is_over)
        return replace(block, coverage=campaign.new_coverage()) if given.is_covered else block

    def _campaign(self, search: NamedSearch) -> Campaign:
        campaign = self._campaigns.pop(search.what, None) or search.campaign(self._is_full)
        self._campaigns[search.what] = campaign
        campaign.go_by(search.strategy, dict(search.weights))
        if len(self._campaigns) > CAMPAIGNS_MAX:
            self._campaigns.popitem(last=False)
        elif self._is_full is not None and len(self._campaigns) > 1 and self._is_full():
            self._campaigns.popitem(last=False)  # before the one in use has to forget its tables
        return campaign


def serve(connection: Connection, stop: Flag, bytes_max: int | None = None) -> None:
    """Answer each assignment with a block, in their order, until the other end is closed.

    It forgets its tables where this process uses `bytes_max`.
    """
    bench = Workbench(bytes_max)
    try:
        while True:
            connection.send(bench.answer(connection.recv(), lambda: stop.value != 0))
    except (EOFError, OSError):  # the lead has no more to do, or is no more
        return
