"""What was said of the histories of a search, kept as long as histories come back.

In a small scenario most runs are seen as others were, so that few are judged; in a large one no two
are, and to keep them would fill the memory for nothing. The first histories tell which it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from counterpoint.model.search.judgements import Ruling

ON_TRIAL = 2_000
"""After so many histories it is asked whether keeping them pays."""

PAYS_FROM = 0.1
"""It pays if so many of them were known: they are judged a tenth less often."""

KEPT_MAX = 100_000
"""So many histories are kept, some 50 MB; past that the memory starts anew."""

HistoryKey = tuple[int, ...]
"""What was seen of a run, in numbers."""

Rulings = tuple[Ruling, ...]


class JudgedHistories:
    """Histories with what is counted of them. Equal histories get equal rulings, kept or not."""

    def __init__(self) -> None:
        self._known: dict[HistoryKey, Rulings] = {}
        self._shared: dict[Rulings, Rulings] = {}
        self._trial_left = ON_TRIAL
        self.pays = True

    def __len__(self) -> int:
        return len(self._known)

    def ruled(
        self, history: HistoryKey, judge: Callable[[HistoryKey], Iterable[Ruling]]
    ) -> Rulings:
        """Return what was said of a history, or have it judged."""
        if not self.pays:
            return tuple(judge(history))
        known = self._known.get(history)
        self._trial_left -= 1
        if known is None:
            known = self._keep(history, tuple(judge(history)))
        if self._trial_left == 0 and len(self._known) > (1 - PAYS_FROM) * ON_TRIAL:
            self.pays = False
            self._known.clear()
        return known

    def _keep(self, history: HistoryKey, rulings: Rulings) -> Rulings:
        if len(self._known) >= KEPT_MAX:
            self._known.clear()
        same = self._shared.setdefault(
            rulings, rulings
        )  # of a million histories most are held alike
        self._known[history] = same
        return same
