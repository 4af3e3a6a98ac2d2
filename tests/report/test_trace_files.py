"""Trace files as people meet them: by schema, by golden file, mutated in every way, upgraded."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from counterpoint.harness.catalog import rebuild
from counterpoint.harness.cli import main
from counterpoint.harness.report.terminal import LINES_MAX
from counterpoint.model.search.replay import judge
from counterpoint.model.trace import Trace
from counterpoint.model.tracefile import (
    VERSION,
    read_trace,
    trace_lines,
    write_trace,
)
from tests.support.abd import abd
from tests.support.gossip import gossip
from tests.support.runs import abd_failure, failing_trace, random_trace

SCHEMA = json.loads((files("counterpoint.harness") / "trace-1.schema.json").read_text())
GOLDEN = Path(__file__).parents[1] / "traces" / "format-1.0.trace.jsonl"
ORIGIN = {"system": "register", "scenario": "default", "mutant": "B1"}


def lines_of(trace: Trace) -> list[str]:
    """Return the lines of a trace's file."""
    return list(trace_lines(trace, judge(trace)))


def complaints(value: Any, schema: dict[str, Any], at: str = "") -> list[str]:
    """Validate by the part of JSON Schema that ours uses; anything else is an error in the test."""
    known = {"$schema", "title", "description", "$defs", "type", "required", "properties", "oneOf",
             "$ref", "pattern", "minimum", "const", "enum", "items"}  # fmt: skip
    assert set(schema) <= known, set(schema) - known
    if "$ref" in schema:
        return complaints(value, SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]], at)
    found = []
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "null": type(None)}
    wanted = schema.get("type", [])
    names = [wanted] if isinstance(wanted, str) else wanted
    if names and not isinstance(value, tuple(kinds[name] for name in names)):
        return [f"{at}: {value!r} is no {wanted}"]
    found += [f"{at}: no {name}" for name in schema.get("required", []) if name not in value]
    for name, inner in schema.get("properties", {}).items():
        if isinstance(value, dict) and name in value:
            found += complaints(value[name], inner, f"{at}.{name}")
    for inner in value if isinstance(value, list) and "items" in schema else ():
        found += complaints(inner, schema["items"], f"{at}[]")
    if "const" in schema and value != schema["const"]:
        found.append(f"{at}: not {schema['const']}")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{at}: not in {schema['enum']}")
    if "minimum" in schema and value < schema["minimum"]:
        found.append(f"{at}: less than {schema['minimum']}")
    if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
        found.append(f"{at}: does not match {schema['pattern']}")
    if "oneOf" in schema and [complaints(value, s, at) for s in schema["oneOf"]].count([]) != 1:
        found.append(f"{at}: not exactly one of the kinds of line")
    return found


@pytest.mark.parametrize("seed", range(10))
def test_every_line_that_is_written_has_the_shape_of_the_schema(seed: int) -> None:
    for trace in (random_trace(abd(), seed), random_trace(gossip(), seed)):
        for line in lines_of(trace):
            assert complaints(json.loads(line), SCHEMA) == []


def test_the_schema_refuses_what_is_no_line() -> None:
    step = next(json.loads(line) for line in lines_of(abd_failure()) if '"step"' in line[:16])
    for changed in ({**step, "step": -1}, {**step, "choice": 7}, {**step, "digest": "x!"}, {}):
        assert complaints(changed, SCHEMA)


@pytest.mark.slow
def test_the_schema_means_the_same_to_a_real_validator() -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    validator = jsonschema.Draft202012Validator(SCHEMA)
    validator.check_schema(SCHEMA)
    for line in lines_of(random_trace(abd(), 3)):
        form = json.loads(line)
        assert list(validator.iter_errors(form)) == []
        broken = {key: value for key, value in form.items() if key != "step"}
        assert bool(list(validator.iter_errors(broken))) == bool(complaints(broken, SCHEMA))


def test_the_golden_file_of_the_format_is_still_read() -> None:
    """A file of version 1.0 stays readable by every later 1.x, whatever became of its system."""
    recorded = read_trace(GOLDEN)
    assert recorded.header["version"] == "1.0"
    assert len(recorded.steps) > 10
    assert [form["outcome"] for form in recorded.verdicts].count("broken") >= 1
    for line in GOLDEN.read_text(encoding="utf-8").splitlines():
        assert complaints(json.loads(line), SCHEMA) == []


# ---- commands ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a trace file of a failing run of the catalog."""
    trace = failing_trace(rebuild(ORIGIN))
    path = tmp_path_factory.mktemp("traces") / "b1.trace.jsonl"
    write_trace(path, trace, judge(trace), about={"shrunk": {"from": 60, "to": 17}})
    return path


def output_of(*arguments: str | Path, code: int = 0) -> str:
    """Run a command and return what it printed."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    return result.output


@pytest.mark.slow
def test_view_writes_a_page_beside_its_file(file: Path) -> None:
    said = json.loads(output_of("view", file, "--seconds", "0.2", "--json"))
    page = Path(said["page"])
    assert page == file.with_name("b1.html")
    assert page.stat().st_size == said["bytes"]
    assert "Content-Security-Policy" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("to", ["shiviz", "itf", "edn", "mermaid", "dot", "perfetto", "python"])
def test_export_writes_every_format(file: Path, to: str) -> None:
    path = Path(output_of("export", file, "--to", to).strip())
    assert path.read_text(encoding="utf-8") == output_of("export", file, "--to", to, "--stdout")


@pytest.mark.slow
def test_show_has_its_analyses(file: Path) -> None:
    text = output_of("show", file)
    assert len(text.splitlines()) <= LINES_MAX
    assert "baked in" in text
    assert "nearest pass" in text
    assert "baked in" not in output_of("show", file, "--seconds", "0")


def test_replay_looks_into_the_run(file: Path) -> None:
    assert "next: " in output_of("replay", file, "--step", "3")
    assert "equal, step by step" in output_of("replay", file, "--diff", file)
    assert "runs differ" not in output_of("replay", file, "--diff", file)
    refused = output_of("replay", file, "--until", "s9.x == 1", code=2)
    assert "no node of this system" in refused
    edited = json.loads(output_of("replay", file, "--edit", "0=skip", "--json", code=3))
    assert edited["outcome"] == "undecided"


def test_upgrade_keeps_the_run_and_what_is_known_of_it(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "new.trace.jsonl"
    assert f"to {VERSION}" in output_of("upgrade", file, "--out", out)
    assert out.read_bytes() == file.read_bytes()
