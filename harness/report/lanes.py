"""Space-time rows in text: one lane a node, one row a step, messages drawn where they arrive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from counterpoint.harness.explanation.explanation import TraceExplanation
from counterpoint.harness.explanation.plain import fit, width_of
from counterpoint.model.event import Event
from counterpoint.model.values import NodeId
from counterpoint.model.world import World

MARGIN = 8
"""Columns before the first lane: the step, the mark of a needed choice."""

GAP = 3
"""Columns between the last lane and the sentence."""

LANES_WIDE_MAX = 8
LANES_MAX = 14
SENTENCE_SHARE = 0.48
"""How much of the width the sentences have at least, as long as the lanes stay apart."""


@dataclass(frozen=True, slots=True)
class Lanes:
    """Where each lane stands: `column` of each node shown, and the column of the sentences."""

    column: Mapping[NodeId, int]
    pitch: int
    sentences_at: int

    @property
    def width(self) -> int:
        """How many columns the lanes take, the margin included."""
        return max(self.column.values(), default=MARGIN) + 1


def lay_out(story: TraceExplanation, involved: frozenset[NodeId], width: int) -> Lanes:
    """Return lanes for the nodes, narrower the more there are; past 14 for those involved only."""
    nodes: Sequence[NodeId] = story.nodes
    if len(nodes) > LANES_MAX:
        nodes = [node for node in nodes if node in involved][:LANES_MAX] or nodes[:LANES_MAX]
    gaps = max(len(nodes) - 1, 1)
    pitch = 3
    if len(nodes) <= LANES_WIDE_MAX:
        room = width - MARGIN - GAP - int(width * SENTENCE_SHARE)
        pitch = max(3, min(9, room // gaps))
    column = {node: MARGIN + pitch * position for position, node in enumerate(nodes)}
    return Lanes(column, pitch, MARGIN + pitch * (len(nodes) - 1) + GAP)


def headings(
    lanes: Lanes, remark: str, width: int, roles: Mapping[NodeId, str] = MappingProxyType({})
) -> list[str]:
    """Return the lines of names, on two lines, in turn, where they would touch each other.

    A line with the roles at the start follows, where the scenario knows of any and there is room.
    """
    is_tight = any(width_of(node) > lanes.pitch - 1 for node in lanes.column)
    lines: list[str] = []
    for turn in range(2 if is_tight else 1):
        line = "step" if turn == 0 else ""
        for position, (node, column) in enumerate(lanes.column.items()):
            if not is_tight or position % 2 == turn:
                room = lanes.pitch * (2 if is_tight else 1) - 1
                line = line.ljust(column) + fit(node, room)
        lines.append(line)
    if roles and lanes.pitch >= 5:
        line = ""
        for node, column in lanes.column.items():
            line = line.ljust(column) + fit(roles.get(node, ""), lanes.pitch - 1)
        lines.append(line)
    start = max(lanes.sentences_at, width_of(lines[0]) + 2)
    lines[0] = f"{lines[0].ljust(start)}{fit(remark, width - start)}".rstrip()
    return lines


def quiet_row(story: TraceExplanation, lanes: Lanes, world: World) -> list[str]:
    """Return the cells of a row in which nothing happens: what state each lane is in."""
    cells = [" "] * lanes.width
    for node, column in lanes.column.items():
        cells[column] = _lane(world, node)
        if lanes.pitch >= 4 and any(
            (node in cut.side) and len(cut.side) <= len(story.nodes) / 2
            for cut in world.conditions.cuts
        ):
            for beside in (column - 2, column - 1, column + 1, column + 2):
                if 0 <= beside < len(cells):
                    cells[beside] = "░"
    return cells


def _lane(world: World, node: NodeId) -> str:
    index = world.scenario.index[node]
    if node in world.conditions.down:
        return "┊"
    if node in world.conditions.silent:
        return "╎"
    return "│" if world.calls[index] is None else "║"


@dataclass(frozen=True, slots=True)
class DrawnRow:
    """One drawn row, and whether the name of its message still has to go into the sentence."""

    cells: str
    is_labelled: bool


def draw(story: TraceExplanation, lanes: Lanes, step: int) -> DrawnRow:
    """Return the row of a step."""
    worlds = story.trace.worlds
    world = worlds[min(step + 1, len(worlds) - 1)]
    cells = quiet_row(story, lanes, world)
    events = story.steps[step]
    if not events:
        at = story.trace.choices[step].at
        if at is not None and at in lanes.column:
            cells[lanes.column[at]] = "✗"
        return DrawnRow("".join(cells), True)
    event = next((e for e in events if e.kind != "silence"), events[0])
    labelled = True
    if event.message is not None and event.kind in (
        "deliver",
        "lose",
        "hold",
        "release",
        "duplicate",
        "exchange",
    ):
        labelled = _message(story, lanes, cells, event)
    _dot(lanes, cells, event, events)
    return DrawnRow("".join(cells), labelled)


def _dot(lanes: Lanes, cells: list[str], event: Event, events: Sequence[Event]) -> None:
    node = event.node
    if node is None or node not in lanes.column:
        return
    mark = {"crash": "✗", "recover": "↻"}.get(event.kind, "●")
    cells[lanes.column[node]] = mark
    role = next((str(e.value) for e in events if e.kind == "role"), "")
    room = lanes.pitch - 2
    start = lanes.column[node] + 1
    if role and room >= 3 and all(c in " ░" for c in cells[start : start + room]):
        text = fit(role, room)
        cells[start : start + len(text)] = list(text)


def _message(story: TraceExplanation, lanes: Lanes, cells: list[str], event: Event) -> bool:
    """Draw what became of a message, and tell whether its name found room."""
    src, dst = event.src, event.dst
    assert event.message is not None, event
    letter = story.letters[event.message]
    prime = "′" * story.copy_of(event) if event.kind == "deliver" else ""
    label = f"{letter.name}{prime}@{letter.sent_step}" if letter.sent_step >= 0 else letter.name
    if src not in lanes.column or dst not in lanes.column or src == dst:
        return False
    assert src is not None, event
    assert dst is not None, event
    x, y = lanes.column[src], lanes.column[dst]
    rightwards = x < y
    first, last = (x + 1, y - 1) if rightwards else (y + 1, x - 1)
    line = "─" if event.kind == "deliver" else "╌"
    for column in range(first, last + 1):
        cells[column] = "┼" if column in lanes.column.values() else line
    head = last if rightwards else first
    near_source = first if rightwards else last
    if event.kind == "deliver":
        cells[head] = "▶" if rightwards else "◀"
    elif event.kind == "lose":
        at_source = event.why is not None and event.why.startswith(f"{src} failed silently")
        cells[near_source if at_source else head] = "✗"
    else:
        cells[head] = {"hold": "‖", "release": "▷", "duplicate": "²", "exchange": "≠"}[event.kind]
    return _label(cells, (letter.name + prime, label), near_source, lanes.pitch - 1, rightwards)


def _label(
    cells: list[str], labels: tuple[str, str], start: int, room: int, rightwards: bool
) -> bool:
    """Write the longer of two labels that fits into the gap beside the source."""
    for label in reversed(labels):
        if len(label) + 2 <= room:
            begin = start + 1 if rightwards else start - len(label)
            cells[begin : begin + len(label)] = list(label)
            return True
    return False
