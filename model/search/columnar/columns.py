"""The tables of an exploration as numpy columns: what can happen in a slot, what messages change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from counterpoint.model.search.columnar.checkpoint import Journal
from counterpoint.model.search.columnar.filing import BatchRows
from counterpoint.model.search.columnar.growing import Column, Growing, spread
from counterpoint.model.search.columnar.moves_at_once import BulkMoves, MovesAtOnce
from counterpoint.model.search.columnar.packing import Ids
from counterpoint.model.search.columnar.pairs import EffectSink, PairTable, one_by_one
from counterpoint.model.search.columnar.slot_columns import columns_of
from counterpoint.model.search.engine.effects import Moves
from counterpoint.model.search.engine.slots import Slots
from counterpoint.model.world import Action


class EffectColumns:
    """The effects of one place in columns. `to[j]` holds local numbers of batches, as `Expansions`."""

    def __init__(self, slots: Slots, node: int, batches: MessageBatches) -> None:
        self._effects, self._batches = slots.effects[node], batches
        self.environment, self.seen = Growing(), Growing()
        self.to = {j: Growing() for j in range(len(slots.compiled.nodes)) if j != node}
        self.sent_to: set[int] = set()

    def update(self) -> None:
        """Add the effects that are new."""
        fresh = self._effects[len(self.seen) :]
        batches = {node: np.zeros(len(fresh), np.int32) for node in self.to}
        for row, effect in enumerate(fresh):
            for node, batch in effect.batches:
                batches[node][row] = self._batches.local(node, batch)
                self.sent_to.add(node)
        for node, column in self.to.items():
            column.extend(batches[node])
        self.environment.extend([effect.environment for effect in fresh])
        self.seen.extend([effect.seen for effect in fresh])


class Expansions:
    """What can happen at one place, by slot and conditions: rows of transitions, in columns.

    Place `node` is a node's number, or the number of nodes for the network as a whole. `batches[j]`
    holds local numbers of the batches sent to node j, 0 for none.
    """

    def __init__(
        self,
        slots: Slots,
        node: int,
        batches: MessageBatches,
        note: EffectSink,
        may_happen: Callable[[int, Action], bool] | None = None,
    ) -> None:
        """`may_happen` leaves out what an action does under some conditions; None: nothing."""
        self._slots, self._node = slots, node
        self._may_happen = may_happen
        self._at_once = batches.at_once[node] if node < len(slots.compiled.nodes) else None
        self._effects = EffectColumns(slots, node, batches)
        self._start, self._count = Growing(), Growing()
        self._slot_change, self._environment_change = Growing(), Growing()
        self._effect, self._seen = Growing(), Growing()
        self._to = {j: Growing() for j in self._effects.to}
        self._sent_to: tuple[int, ...] = ()
        self.index = PairTable(self._expanded, note, count_of(slots, node))

    def action(self, transition: int) -> Action:
        """Return the action of a transition."""
        return self._slots.effects[self._node][int(self._effect.array[transition])].action

    def _expanded(self, slots: Ids, environments: Ids) -> Iterator[Ids]:
        """Yield the expansions of slots under conditions, which are numbered one after the other."""
        done = 0
        for moved in self._moved(slots, environments):
            end = done + len(moved.counts)
            moved = self._happening(environments[done:end], moved)
            yield self._added(slots[done:end], environments[done:end], moved)
            done = end

    def _moved(self, slots: Ids, environments: Ids) -> Iterator[BulkMoves]:
        if self._at_once is not None and self._at_once.suits(len(slots)):
            return self._at_once.moves(slots, environments)
        return moved_one_by_one(self._moves, slots, environments)

    def _moves(self, slot: int, environment: int) -> Moves:
        if self._node == len(self._slots.compiled.nodes):
            return self._slots.network_moves(environment)
        return self._slots.moves(self._node, slot, environment)

    def _happening(self, environments: Ids, moved: BulkMoves) -> BulkMoves:
        """Return the moves that are taken into account."""
        if self._may_happen is None:
            return moved
        known, rows = (
            self._slots.effects[self._node],
            np.repeat(np.arange(len(moved.counts)), moved.counts),
        )
        pairs = zip(environments.take(rows).tolist(), moved.effects.tolist(), strict=True)
        may_happen = [self._may_happen(environment, known[e].action) for environment, e in pairs]
        keep = np.flatnonzero(np.array(may_happen, np.bool_))
        counts = np.bincount(rows.take(keep), minlength=len(moved.counts))
        return BulkMoves(counts, moved.slots.take(keep), moved.effects.take(keep))

    def _added(self, slots: Ids, environments: Ids, moved: BulkMoves) -> Ids:
        """Make columns of moves: what is the same in all with an effect, from it."""
        counts, after, effects = moved
        of_effect = self._effects
        of_effect.update()
        before, first = len(self._slot_change), len(self._count)
        self._slot_change.extend(after - slots.repeat(counts))
        self._environment_change.extend(
            of_effect.environment.array.take(effects) - environments.repeat(counts)
        )
        self._effect.extend(effects)
        self._seen.extend(of_effect.seen.array.take(effects))
        for node, column in self._to.items():
            column.extend(of_effect.to[node].array.take(effects))
        self._sent_to = tuple(sorted(of_effect.sent_to))
        self._start.extend(before + np.cumsum(counts) - counts)
        self._count.extend(counts)
        return np.arange(first, first + len(counts))

    def of(self, expansion: Ids) -> tuple[Ids, Ids, Ids]:
        """Return, for states with these expansions, (row of each successor, transition, counts).

        `counts` says how many successors each state has.
        """
        return spread(self._start.array.take(expansion), self._count.array.take(expansion))

    def slot_change(self, transitions: Ids) -> Column:
        """Return what each transition adds to the slot of the place."""
        return self._slot_change.array.take(transitions)

    def environment_change(self, transitions: Ids) -> Column:
        """Return what each transition adds to the number of the conditions."""
        return self._environment_change.array.take(transitions)

    def seen(self, transitions: Ids) -> Column:
        """Return what is seen of each transition."""
        return self._seen.array.take(transitions)

    def sent(self, transitions: Ids) -> Iterator[tuple[int, Column]]:
        """Yield each other node that is sent anything, and the local batch of each transition."""
        for node in self._sent_to:
            yield node, self._to[node].array.take(transitions)


def count_of(slots: Slots, node: int) -> Callable[[], int] | None:
    """Return what counts the slots of a node; the network as a whole has none."""
    return slots.slots[node].__len__ if node < len(slots.slots) else None


def moved_one_by_one(
    moves: Callable[[int, int], Moves], slots: Ids, environments: Ids
) -> Iterator[BulkMoves]:
    """Yield the moves of slots under conditions, each asked for by itself."""
    counts, after, effects = list[int](), list[int](), list[int]()
    try:
        for slot, environment in zip(slots.tolist(), environments.tolist(), strict=True):
            slots_after, with_effects = moves(slot, environment)
            counts.append(len(slots_after))
            after += slots_after
            effects += with_effects
    except Exception:  # of a handler; a signal ends it all
        yield _moved(counts, after, effects)
        raise
    yield _moved(counts, after, effects)


def _moved(counts: list[int], slots: list[int], effects: list[int]) -> BulkMoves:
    return BulkMoves(
        np.array(counts, np.int64), np.array(slots, np.int64), np.array(effects, np.int32)
    )


class MessageBatches:
    """Batches of messages, numbered apart for each receiver, so that tables of pairs stay small."""

    def __init__(self, slots: Slots, journal: Journal) -> None:
        nodes = range(len(slots.compiled.nodes))
        self._slots = slots
        self._local: list[dict[int, int]] = [{0: 0} for _ in nodes]
        self._global: list[list[int]] = [[0] for _ in nodes]
        self._rows = [BatchRows([()]) for _ in nodes]
        self.at_once = [MovesAtOnce(slots, node, rows) for node, rows in enumerate(self._rows)]
        first = len(nodes) + 1
        self.pushed = tuple(
            PairTable(
                partial(self._pushed, node),
                partial(journal.note, first + node),
                count_of(slots, node),
            )
            for node in nodes
        )

    def local(self, node: int, batch: int) -> int:
        """Return the number of a batch among those sent to a node."""
        known = self._local[node].setdefault(batch, len(self._global[node]))
        if known == len(self._global[node]):
            self._global[node].append(batch)
            self._rows[node].batches.append(self._slots.batches[batch])
        return known

    def _pushed(self, node: int, slots: Ids, given: Ids) -> Iterator[Ids | Sequence[int]]:
        """Yield the slots of a node after batches were sent to it."""
        at_once = self.at_once[node]
        if at_once.suits(len(slots)):
            return iter([at_once.pushed(slots, given)])
        push, batches = self._slots.push, self._global[node]
        return one_by_one(lambda slot, local: push(node, slot, batches[local]))(slots, given)


class SlotView:
    """What can be told of a node by its slot: its node state, and whether a call is open in it."""

    def __init__(self, slots: Slots) -> None:
        self._compiled = slots.compiled
        self._slots = [columns_of(slots, node) for node in range(len(slots.compiled.nodes))]
        self._is_pending = Growing()

    def node_states(self, node: int, slots: Ids) -> Ids:
        """Return the node state of a node in each of these slots."""
        return self._slots[node].node_states(slots).astype(np.int64)

    def is_pending(self, node: int, slots: Ids) -> npt.NDArray[np.bool_]:
        """Tell for each of these slots whether a call of the node is open."""
        fresh = self._compiled.node_states[len(self._is_pending) :]
        self._is_pending.extend([state.pending is not None for state in fresh])
        return self._is_pending.array.take(self.node_states(node, slots)) > 0
