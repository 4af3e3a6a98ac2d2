"""Trace files: one JSON object a line, readable while the run is still going, checked when read.

    header      what was run, with which tool, and how to run it again
    event*      what happened at the start
    (step event*)*   one choice, what it changed, the digest of the world after it; what it caused
    op*         the operations, as clients saw them
    verdict*    what was judged
    end         counts, and a digest of all lines before it; without it the file is truncated

The choices alone reproduce the rest. Readers ignore types and fields that they do not know and
refuse a higher major version. The end line alone is the same, byte for byte, in every version: it
seals the others, and what is in itself follows from them. No class is ever built from a file: a
choice is compared, in canonical form, with those that are legal.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2s
from pathlib import Path

from counterpoint.model.event import Event
from counterpoint.model.forms import (
    JsonRecord,
    choice_form,
    delta_of,
    event_form,
    fingerprint,
    operation_forms,
    sources,
    verdict_form,
    world_form,
)
from counterpoint.model.inert import QUOTED_MAX, json_inert, plain, quoted
from counterpoint.model.recorded_calls import calls_form
from counterpoint.model.trace import Trace
from counterpoint.model.values import Json, digest_of, json_text
from counterpoint.model.verdict import Verdict
from counterpoint.model.world_digests import WorldDigests
from counterpoint.model.writing import replacing

FORMAT = "counterpoint-trace"
VERSION = "1.1"
_VERSION = re.compile(r"[1-9][0-9]{0,5}\.(?:0|[1-9][0-9]{0,5})", re.ASCII)
LINE_BYTES_MAX = 64 * 2**20
FILE_BYTES_MAX = 2**30
DEPTH_MAX = 300
"""No value of a trace is nested more deeply: what is read can be written again."""


class BadTraceFile(Exception):
    """A file that is no whole trace of a version that this tool reads. Says where and why."""

    def __init__(self, source: str, line: int, reason: str) -> None:
        self.source, self.line, self.reason = source, line, reason
        place = f"{plain(source)}:{line}" if line else plain(source)
        super().__init__(f"{place}: {reason}")


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One choice as the file tells it: its canonical form, what it changed, the digest after it."""

    choice: JsonRecord
    delta: JsonRecord
    digest: str
    line: int


@dataclass(frozen=True, slots=True)
class TraceFile:
    """A whole, checked trace file in its parsed form."""

    source: str
    header: JsonRecord
    steps: tuple[StepRecord, ...]
    events: tuple[JsonRecord, ...]
    operations: tuple[JsonRecord, ...]
    verdicts: tuple[JsonRecord, ...]
    extras: tuple[JsonRecord, ...] = field(default=())

    @property
    def origin(self) -> Mapping[str, str]:
        """How to build the scenario again: system, scenario, mutant, settings."""
        scenario = self.header.get("scenario")
        origin = scenario.get("origin", {}) if isinstance(scenario, dict) else {}
        return {k: str(v) for k, v in origin.items()} if isinstance(origin, dict) else {}


def broken_in(file: TraceFile) -> str:
    """Return the property that a run was kept for: the first that it broke, empty if it broke none."""
    broken = (form for form in file.verdicts if form.get("outcome") == "broken")
    return next((str(form.get("property")) for form in broken), "")


def trace_lines(
    trace: Trace, verdicts: Iterable[Verdict] = (), *, about: Mapping[str, Json] | None = None
) -> Iterator[str]:
    """Return the lines of a trace file, without line ends. `about` adds fields to the header."""
    scenario = trace.scenario
    header: JsonRecord = {
        "type": "header",
        "format": FORMAT,
        "version": VERSION,
        "scenario": {"name": scenario.name, "origin": dict(scenario.origin)},
        "nodes": dict(zip(scenario.system.nodes, _roles(trace), strict=True)),
        "network": scenario.network,
        "fingerprint": fingerprint(scenario),
        "sources": dict(sources(scenario)),
        "initial_digest": digest_of(world_form(trace.worlds[0])),
        **({} if scenario.drawn_from is None else {"calls": calls_form(scenario.fixed_calls)}),
        **(about or {}),
    }
    seal = blake2s(digest_size=16)
    for form in (header, *_body(trace), *map(verdict_form, verdicts)):
        line = _line(form)
        seal.update(line.encode() + b"\n")
        yield line
    yield _end_line(len(trace.choices), len(trace.events), seal.hexdigest())


def _end_line(steps: int, events: int, digest: str) -> str:
    return _line({"type": "end", "steps": steps, "events": events, "digest": digest})


def _line(form: JsonRecord) -> str:
    """Return the text of a record, its type first so that a reader sees it first; it is inert."""
    rest = {key: value for key, value in form.items() if key != "type"}
    return f'{{"type":{json_text(form["type"])},{json_inert(json_text(rest))[1:]}'


def _roles(trace: Trace) -> tuple[str, ...]:
    roles = trace.worlds[0].conditions.roles
    return roles or ("",) * len(trace.scenario.system.nodes)


def _body(trace: Trace) -> Iterator[JsonRecord]:
    digests = WorldDigests()
    by_step: dict[int, list[Event]] = {}
    for event in trace.events:
        by_step.setdefault(event.step, []).append(event)
    yield from map(event_form, by_step.get(-1, ()))
    for step, choice in enumerate(trace.choices):
        form: JsonRecord = {"type": "step", "step": step, "choice": choice_form(choice)}
        if step + 1 < len(trace.worlds):
            after = trace.worlds[step + 1]
            form["delta"] = delta_of(trace.worlds[step], after)
            form["digest"] = digests.digest(after)
            form["inflight"] = [flight.id for flight in after.flights]
        else:
            form["failure"] = trace.failure
        yield form
        yield from map(event_form, by_step.get(step, ()))
    yield from operation_forms(trace.events)


def write_trace(
    path: Path,
    trace: Trace,
    verdicts: Iterable[Verdict] = (),
    *,
    about: Mapping[str, Json] | None = None,
) -> None:
    """Write a trace file, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    with replacing(path) as file:
        for line in trace_lines(trace, verdicts, about=about):
            file.write(line.encode() + b"\n")


# ---- reading -----------------------------------------------------------------------------------------


def read_trace(path: Path) -> TraceFile:
    """Read and check a trace file.

    Raises:
        BadTraceFile: no such file, not a trace, truncated, corrupted, or of a later major version.
    """
    source = str(path)
    try:
        size = path.stat().st_size
        if size > FILE_BYTES_MAX:
            raise BadTraceFile(
                source, 0, f"{size} bytes; a trace file has at most {FILE_BYTES_MAX}"
            )
        content = path.read_bytes()
    except OSError as error:
        raise BadTraceFile(source, 0, f"cannot be read: {error.strerror}") from None
    return parse_trace(content, source)


def parse_trace(content: bytes, source: str) -> TraceFile:
    """Parse and check the bytes of a trace file; see `read_trace`."""
    lines = content.split(b"\n")
    if lines[-1]:
        if len(lines) == 1:
            _header(lines[0], source)
        raise BadTraceFile(source, len(lines), "the last line has no end: the file is truncated")
    lines.pop()
    if not lines:
        raise BadTraceFile(source, 0, "the file is empty; a trace begins with a header line")
    header = _header(lines[0], source)
    records = [(n, _record(line, source, n)) for n, line in enumerate(lines[1:], start=2)]
    if not records or records[-1][1].get("type") != "end":
        raise BadTraceFile(source, len(lines), "no end line: the file is truncated")
    _check_seal(lines, [form for _, form in records], source)
    kinds: dict[str, list[JsonRecord]] = {}
    steps: list[StepRecord] = []
    for number, form in records[:-1]:
        kind = str(form.get("type"))
        if kind == "step":
            steps.append(_step(form, source, number))
        else:
            kinds.setdefault(kind, []).append(form)
    return TraceFile(
        source,
        header,
        tuple(steps),
        tuple(kinds.pop("event", ())),
        tuple(kinds.pop("op", ())),
        tuple(kinds.pop("verdict", ())),
        tuple(form for forms in kinds.values() for form in forms),
    )


def _record(line: bytes, source: str, number: int) -> JsonRecord:
    if len(line) > LINE_BYTES_MAX:
        reason = f"the line has {len(line)} bytes, more than {LINE_BYTES_MAX}"
        raise BadTraceFile(source, number, reason)
    if _is_deep(line):
        reason = f"nested more than {DEPTH_MAX} deep; the file is corrupted or no trace"
        raise BadTraceFile(source, number, reason)
    try:
        form = json.loads(line, parse_constant=_no_constant, parse_float=_no_constant)
    except (ValueError, RecursionError) as error:
        why = plain(str(error), QUOTED_MAX)
        reason = f"not a JSON object ({why}); the file is corrupted or no trace"
        raise BadTraceFile(source, number, reason) from None
    if not isinstance(form, dict):
        raise BadTraceFile(source, number, "not a JSON object; every line of a trace is one")
    if b"\\u" in line and not _is_text(form):
        reason = "half of a surrogate pair (\\ud800 to \\udfff) stands alone; that is no text"
        raise BadTraceFile(source, number, reason)
    return form


def _is_deep(line: bytes) -> bool:
    """Tell whether values are nested too deeply to be handled, without parsing them.

    >>> _is_deep(b"[" * 300), _is_deep(b"[" * 301), _is_deep(b"[]" * 400), _is_deep(b'"' + b"[" * 400)
    (False, True, False, False)
    """
    if line.count(b"[") + line.count(b"{") <= DEPTH_MAX:
        return False
    depth = 0
    for match in _TEXTS_AND_BRACKETS.finditer(line):
        depth += _LEVELS.get(match[0], 0)
        if depth > DEPTH_MAX:
            return True
    return False


_TEXTS_AND_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*(?:"|$)|[\[\]{}]')
_LEVELS = {b"[": 1, b"{": 1, b"]": -1, b"}": -1}


def _is_text(form: JsonRecord) -> bool:
    try:
        json_text(form).encode()
    except UnicodeEncodeError:
        return False
    return True


def _no_constant(text: str) -> None:
    raise ValueError(f"{plain(text, 40)} is no number of a trace, which are all whole")


def _header(line: bytes, source: str) -> JsonRecord:
    form = _record(line, source, 1)
    if form.get("type") != "header" or form.get("format") != FORMAT:
        reason = f'not a trace: the first line must be a header with "format":"{FORMAT}"'
        raise BadTraceFile(source, 1, reason)
    version = form.get("version")
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        reason = f"version {quoted(version, 40)} is no version; this tool writes {VERSION}"
        raise BadTraceFile(source, 1, reason)
    major = version.partition(".")[0]
    if int(major) > int(VERSION.partition(".")[0]):
        tool = form.get("tool")
        by = (
            f" by counterpoint {plain(str(tool.get('version')), 40)}"
            if isinstance(tool, dict)
            else ""
        )
        reason = (
            f"written in format {version}{by}; this tool reads up to {VERSION}: "
            "install a counterpoint at least as new as the one that wrote it"
        )
        raise BadTraceFile(source, 1, reason)
    if not _is_origin(form.get("scenario")):
        reason = 'a header needs a "scenario" with a "name" and an "origin" from names to texts'
        raise BadTraceFile(source, 1, reason)
    return form


def _is_origin(scenario: Json) -> bool:
    if not isinstance(scenario, dict) or not isinstance(scenario.get("name"), str):
        return False
    origin = scenario.get("origin")
    return isinstance(origin, dict) and all(isinstance(value, str) for value in origin.values())


def _check_seal(lines: list[bytes], records: list[JsonRecord], source: str) -> None:
    """Refuse a file in which any byte is another than when it was written, the end line included."""
    seal = blake2s(digest_size=16)
    for line in lines[:-1]:
        seal.update(line + b"\n")
    said = records[-1].get("digest")
    if seal.hexdigest() != said:
        reason = (
            f"corrupted: the lines give digest {seal.hexdigest()}, the end line says "
            f"{quoted(said, 40)}; get the file again, or search again with the seed in line 1"
        )
        raise BadTraceFile(source, len(lines), reason)
    kinds = Counter(str(form.get("type")) for form in records)
    right = _end_line(kinds["step"], kinds["event"], seal.hexdigest())
    if lines[-1] != right.encode():
        raise BadTraceFile(source, len(lines), f"corrupted: the end line must be {right}")


def _step(form: JsonRecord, source: str, number: int) -> StepRecord:
    choice, delta, digest = form.get("choice"), form.get("delta", {}), form.get("digest", "")
    if not isinstance(choice, dict) or not isinstance(delta, dict) or not isinstance(digest, str):
        raise BadTraceFile(
            source, number, 'a step needs "choice" and "delta" objects and a "digest"'
        )
    return StepRecord(choice, delta, digest, number)
