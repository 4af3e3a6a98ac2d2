"""The operation strip: calls, faults and the chance of failing, over steps, in text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from counterpoint.harness.explanation.explanation import CallSpan, TraceExplanation
from counterpoint.harness.explanation.plain import fit, plain, width_of
from counterpoint.harness.explanation.sentences import cut_off, word
from counterpoint.model.event import Event
from counterpoint.model.fault_state import Partition
from counterpoint.model.kind import is_of_model
from counterpoint.model.suspicions import IS_WELL
from counterpoint.model.values import NodeId, show

MARGIN = 9
STEP_COLUMNS_MAX = 5
FAULT_LINES_MAX = 3
CLIENTS_MAX = 6

_BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class Scale:
    """Which columns stand for which steps: `columns` for all `steps` together."""

    steps: int
    columns: int

    def start(self, step: int) -> int:
        """The first column of a step, the margin aside."""
        return step * self.columns // self.steps

    def end(self, step: int) -> int:
        """The last column of a step."""
        return max(self.start(step), self.start(step + 1) - 1)


def scale_for(story: TraceExplanation, width: int) -> Scale:
    """Return a scale on which all steps fit, the same number of columns each where that is possible."""
    steps = max(len(story.trace.choices), 1)
    room = max(width - MARGIN, 10)
    columns = steps * min(STEP_COLUMNS_MAX, room // steps) if steps <= room else room
    return Scale(steps, columns)


def strip(
    story: TraceExplanation,
    width: int,
    culprits: Sequence[str] = (),
    chances: Sequence[float] | None = None,
) -> list[str]:
    """Return the lines of the strip; `chances[k]` is the chance of failing after step k."""
    scale = scale_for(story, width)
    lines = [_ruler(scale)]
    shown, hidden = _clients(story, culprits)
    for client in shown:
        spans = [span for span in story.spans if span.client == client]
        lines.append(_line(client, [_bar(span, scale, culprits) for span in spans]))
    if hidden:
        lines.append(f"{'':{MARGIN}}{hidden} more clients")
    lines += _faults(story, scale)
    if chances:
        lines.append(_curve(chances, scale))
    return [fit(line.rstrip(), width) for line in lines]


def _ruler(scale: Scale) -> str:
    line = "step"
    for step in range(scale.steps):
        column = MARGIN + scale.start(step)
        if (column >= len(line) + 1 + (scale.columns < scale.steps * 4) * 2 or step == 0) and (
            column + len(str(step)) <= MARGIN + scale.columns
        ):
            line = line.ljust(column) + str(step)
    return line


def _clients(story: TraceExplanation, culprits: Sequence[str]) -> tuple[list[NodeId], int]:
    clients = list(story.clients)
    if len(clients) <= CLIENTS_MAX:
        return clients, 0
    guilty = {span.client for span in story.spans if span.id in culprits}
    first = sorted(clients, key=lambda client: client not in guilty)[:CLIENTS_MAX]
    shown = [client for client in clients if client in first]
    return shown, len(clients) - len(shown)


@dataclass(frozen=True, slots=True)
class Bar:
    """Something drawn from one column to another, with a text in it if there is room."""

    first: int
    last: int
    text: str


def _bar(span: CallSpan, scale: Scale, culprits: Sequence[str]) -> Bar:
    first = max(0, scale.start(span.call_step))
    began = span.call_step >= 0  # otherwise it was under way before the first step
    wrong = " ✗" if culprits and span.id == culprits[-1] else ""
    operation = word(span.operation)
    if span.return_step is not None:
        last = scale.end(span.return_step)
        texts: tuple[str, ...] = (
            f" {span.id} {operation} → {word(span.result)}{wrong} ",
            f" {span.id} → {word(span.result)}{wrong} ",
            f" {span.id}{wrong} ",
            span.id,
        )
        return Bar(first, last, _framed(texts, last - first + 1, "─", "├" if began else "─", "┤"))
    end = "open to the end" if span.crash_step is None else f"open: {span.client} crashed"
    last = scale.columns - 1 if span.crash_step is None else scale.end(span.crash_step)
    texts = (f" {span.id} {operation} · {end} ", f" {span.id} {operation} ", f" {span.id} ")
    closing = "╌" if span.crash_step is None else "✗"
    return Bar(first, last, _framed(texts, last - first + 1, "╌", "├" if began else "╌", closing))


def _framed(texts: Sequence[str], width: int, line: str, left: str, right: str) -> str:
    if width <= 1:
        return left
    room = width - 2
    text = next((t for t in texts if width_of(t) <= room), "")
    spare = room - width_of(text)
    return f"{left}{line * (spare // 2)}{text}{line * (spare - spare // 2)}{right}"


def _line(title: str, bars: Sequence[Bar]) -> str:
    line = fit(title, MARGIN - 1).ljust(MARGIN)
    for bar in bars:
        gap = MARGIN + bar.first - width_of(line)
        if gap >= 0:
            line += " " * gap + bar.text
    return line


def _faults(story: TraceExplanation, scale: Scale) -> list[str]:
    """Put each fault on the first line where it does not cover another."""
    lines: list[list[Bar]] = []
    left_out = 0
    for bar in _fault_bars(story, scale):
        line = next((one for one in lines if one[-1].last + 1 < bar.first), None)
        if line is not None:
            line.append(bar)
        elif len(lines) < FAULT_LINES_MAX:
            lines.append([bar])
        else:
            left_out += 1
    drawn = [_line("" if k else "faults", line) for k, line in enumerate(lines)]
    if left_out:
        drawn[-1] += f"  … {left_out} more"
    return drawn


def _fault_bars(story: TraceExplanation, scale: Scale) -> list[Bar]:
    bars: list[Bar] = []
    for step, events in enumerate(story.steps):
        for event in events:
            match event.kind:
                case "crash":
                    until = _until(story, step, "recover", event.node)
                    bars.append(_span_bar(scale, step, until, f"{event.node} down", "✗"))
                case "pause":
                    ends = (_until(story, step, kind, event.node) for kind in ("go-on", "crash"))
                    until = min((end for end in ends if end is not None), default=None)
                    bars.append(_span_bar(scale, step, until, f"{event.node} paused", "‖"))
                case "partition":
                    assert isinstance(event.value, Partition), event
                    until = _until(story, step, "heal", event.value)
                    text = plain(cut_off(event.value).replace(" from everyone else", ""))
                    bars.append(_span_bar(scale, step, until, text, "░"))
                case "silence":
                    until = _until(story, step, "mend", event.value)
                    bars.append(_span_bar(scale, step, until, f"{show(event.value)} silent", "╎"))
                case "lose" | "duplicate" | "hold":
                    mark = {"lose": "✗", "duplicate": "²", "hold": "‖"}[event.kind]
                    bars.append(_point(scale, step, f"{mark}m{event.message}"))
                case "suspect" if event.why == IS_WELL:
                    text = f"{event.node} suspects {show(event.value)}"
                    until = _trusted(story, step, event)
                    bars.append(_span_bar(scale, step, until, text, "?"))
                case "transform":
                    bars.append(_point(scale, step, f"▷{event.node}"))
                case "settle":
                    bars.append(_point(scale, step, "faults stop"))
        if _is_fault_of_ones_own(story, step):
            bars.append(_point(scale, step, f"✗{story.trace.choices[step].kind}"))
    return bars


def _is_fault_of_ones_own(story: TraceExplanation, step: int) -> bool:
    """Tell of a step whether it is a fault of which no event tells: its choice does."""
    choice, told = story.trace.choices[step], {event.kind for event in story.steps[step]}
    return choice.is_fault and not is_of_model(type(choice)) and not told & TOLD


TOLD = {"crash", "pause", "partition", "silence", "lose", "duplicate", "hold", "settle"}
"""The kinds of event that tell of a fault."""


def _until(story: TraceExplanation, step: int, kind: str, what: object) -> int | None:
    """Return the step that ends a condition; the one at which the faults stop ends most of them."""
    for later in range(step + 1, len(story.steps)):
        for event in story.steps[later]:
            if event.kind == kind and what in (event.node, event.value):
                return later
            if event.kind == "settle" and kind == "mend":
                return later
    return None


def _trusted(story: TraceExplanation, step: int, suspicion: Event) -> int | None:
    """Return the step that ends a suspicion: who suspects is told otherwise, or crashes."""
    for later in range(step + 1, len(story.steps)):
        for event in story.steps[later]:
            if event.node == suspicion.node and (
                event.kind == "crash" or (event.kind == "trust" and event.value == suspicion.value)
            ):
                return later
    return None


def _span_bar(scale: Scale, step: int, until: int | None, text: str, line: str) -> Bar:
    first = scale.start(step)
    last = scale.columns - 1 if until is None else max(first, scale.start(until) - 1)
    room = last - first + 1
    fill = "╌" if line == "✗" else line
    if room < width_of(text) + 4:
        return _point(scale, step, f"{line}{text}")
    spare = room - width_of(text) - 3
    drawn = f"{line}{fill * (spare // 2)} {text} {fill * (spare - spare // 2)}"
    return Bar(first, last, drawn)


def _point(scale: Scale, step: int, text: str) -> Bar:
    first = max(0, min(scale.start(step), scale.columns - width_of(text)))
    return Bar(first, first + width_of(text) - 1, text)


def _curve(chances: Sequence[float], scale: Scale) -> str:
    """Draw the chance of failing after each step; a figure where it has changed and there is room."""
    line = "P(fail)".ljust(MARGIN)
    said = -1
    for step in range(min(scale.steps, len(chances))):
        width = scale.start(step + 1) - scale.start(step)
        percent = round(100 * chances[step])
        bar = _BARS[min(int(chances[step] * 8), 7)]
        text = str(percent)
        if width >= len(text) + 1 and percent != said and percent < 100:
            line += bar * (width - len(text) - 1) + text + " "
            said = percent
        else:
            line += bar * width
    return line
