"""A page with a picture: latency of each call and calls a second over time, faults as bands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from math import ceil, log10

from counterpoint.harness.live.live_history import LoggedCall
from counterpoint.harness.live.nemesis import Mark

WIDTH, HEIGHT, LEFT, GAP = 1100, 260, 70, 50
DOTS_MAX = 6_000
COLOURS = {
    "kill": "#d62728", "pause": "#9467bd", "partition": "#ff7f0e", "slow": "#bcbd22", "reset": "#17becf",
}  # fmt: skip
LATENCIES = (0.1, 1.0, 10.0, 100.0, 1_000.0, 10_000.0)
"""The lines of the scale, in milliseconds: it is logarithmic."""


def percentile(numbers: Sequence[float], part: float) -> float:
    """Return the number that so large a part of these does not exceed.

    >>> percentile([3.0, 1.0, 2.0, 4.0], 0.5), percentile([], 0.5)
    (2.0, 0.0)
    """
    ordered = sorted(numbers)
    return ordered[max(0, ceil(len(ordered) * part) - 1)] if ordered else 0.0


def page(
    title: str, lines: Sequence[str], spans: Sequence[LoggedCall], marks: Sequence[Mark]
) -> str:
    """Return one HTML file that needs nothing else: a picture, and what was found."""
    begin = min([span.called for span in spans] + [mark.began for mark in marks], default=0)
    end = max(
        [span.returned or span.called for span in spans] + [m.ended for m in marks], default=1
    )
    picture = "\n".join(_picture(spans, marks, begin, max(end, begin + 1)))
    text = "\n".join(f"<p>{escape(line)}</p>" for line in lines)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; style-src '
        "'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>body{{font:14px sans-serif;margin:2em}}"
        "p{margin:.2em 0;font-family:monospace;white-space:pre-wrap}text{font:11px sans-serif}</style>"
        f"<h1>{escape(title)}</h1>{picture}{text}</html>\n"
    )


def _picture(
    spans: Sequence[LoggedCall], marks: Sequence[Mark], begin: int, end: int
) -> Iterator[str]:
    height = 2 * HEIGHT + 2 * GAP + 30
    yield f'<svg role="img" aria-label="latency and throughput" viewBox="0 0 {WIDTH} {height}">'
    scale = (WIDTH - LEFT - 10) / (end - begin)
    for mark in marks:
        x, wide = LEFT + (mark.began - begin) * scale, max((mark.ended - mark.began) * scale, 2)
        what = escape(f"{mark.kind} {mark.what}")
        yield (
            f'<rect x="{x:.1f}" y="10" width="{wide:.1f}" height="{2 * HEIGHT + GAP}" '
            f'fill="{COLOURS.get(mark.kind, "#888")}" fill-opacity=".25"><title>{what}</title></rect>'
        )
    yield from _latencies(spans, begin, scale)
    yield from _throughput(spans, begin, end, scale)
    yield from _legend(height)
    yield "</svg>"


def _latencies(spans: Sequence[LoggedCall], begin: int, scale: float) -> Iterator[str]:
    """One dot a call that was answered; where there are too many, every n-th."""
    for milliseconds in LATENCIES:
        y = _height_of(milliseconds)
        yield f'<line x1="{LEFT}" x2="{WIDTH - 10}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ccc"/>'
        yield f'<text x="4" y="{y + 4:.1f}">{milliseconds:g} ms</text>'
    answered = [span for span in spans if span.returned is not None]
    for span in answered[:: max(1, -(-len(answered) // DOTS_MAX))]:
        assert span.returned is not None
        x, y = (
            LEFT + (span.returned - begin) * scale,
            _height_of((span.returned - span.called) / 1e6),
        )
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="1.2" fill="#1f77b4" fill-opacity=".5"/>'


def _height_of(milliseconds: float) -> float:
    """Return where a latency is drawn.

    >>> _height_of(0.1), _height_of(10_000)
    (270.0, 10.0)
    """
    low, high = log10(LATENCIES[0]), log10(LATENCIES[-1])
    part = (log10(min(max(milliseconds, LATENCIES[0]), LATENCIES[-1])) - low) / (high - low)
    return 10 + HEIGHT * (1 - part)


def _throughput(spans: Sequence[LoggedCall], begin: int, end: int, scale: float) -> Iterator[str]:
    """Calls answered in each second."""
    seconds = int((end - begin) / 1e9) + 1
    counts = [0] * seconds
    for span in spans:
        if span.returned is not None:
            counts[int((span.returned - begin) / 1e9)] += 1
    most, base = max([*counts, 1]), 10 + 2 * HEIGHT + GAP
    points = " ".join(
        f"{LEFT + (k + 0.5) * 1e9 * scale:.1f},{base - HEIGHT * count / most:.1f}"
        for k, count in enumerate(counts)
    )
    yield f'<polyline points="{points}" fill="none" stroke="#2ca02c" stroke-width="2"/>'
    yield f'<line x1="{LEFT}" x2="{WIDTH - 10}" y1="{base}" y2="{base}" stroke="#888"/>'
    yield f'<text x="4" y="{base - HEIGHT + 4}">{most} a second</text><text x="4" y="{base}">0</text>'
    for second in range(0, seconds, max(1, seconds // 10)):
        yield f'<text x="{LEFT + second * 1e9 * scale:.1f}" y="{base + 16}">{second} s</text>'


def _legend(height: int) -> Iterator[str]:
    for place, (kind, colour) in enumerate(COLOURS.items()):
        x = LEFT + 120 * place
        box = f'x="{x}" y="{height - 20}" width="14" height="14"'
        yield f'<rect {box} fill="{colour}" fill-opacity=".4"/>'
        yield f'<text x="{x + 20}" y="{height - 9}">{kind}</text>'
