"""`counterpoint check`: what it prints, writes, and ends with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from counterpoint.harness.checking.cases import check_case
from counterpoint.harness.checking.files import check_each, check_files
from counterpoint.harness.checking.wanted import Checked, Wanted
from counterpoint.harness.commands import check as command
from counterpoint.harness.commands.check import check
from counterpoint.harness.streams import OWN_MISTAKE
from tests.checkers.readers.reader_samples import SAMPLES

GOOD = """client,type,f,key,value
a,invoke,write,x,1
a,ok,write,x,1
b,invoke,read,x,
b,ok,read,x,1
"""
BAD = GOOD.replace("b,ok,read,x,1", "b,ok,read,x,2")
WRITTEN_ONLY = "client,type,f,key,value\na,invoke,read,x,\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.csv").write_text(GOOD)
    (tmp_path / "bad.csv").write_text(BAD)
    (tmp_path / "idle.csv").write_text(WRITTEN_ONLY)
    (tmp_path / "cut.csv").write_text(GOOD[:-3])
    (tmp_path / "cases.json").write_text(str(SAMPLES["interval-json"]))
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(check, arguments)


def results(*arguments: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in run(*arguments, "--json").stdout.splitlines()]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        pytest.param(["good.csv"], 0, "1 history: 1 holds", id="holds"),
        pytest.param(["bad.csv"], 1, "b read 2, which nobody wrote", id="broken"),
        pytest.param(["idle.csv"], 3, "nothing was examined", id="undecided"),
        pytest.param(["cut.csv"], 2, "cut.csv:5: 4 cells under a header of 5", id="truncated"),
        pytest.param(["none.csv"], 2, "none.csv: No such file", id="no such file"),
        pytest.param(["."], 2, ". is no file; name the files in it", id="a folder"),
        pytest.param(["good.csv", "idle.csv"], 3, "1 holds, 1 undecided", id="worst is undecided"),
        pytest.param(["good.csv", "cut.csv", "idle.csv"], 2, "1 error", id="worst is an error"),
        pytest.param(["cut.csv", "bad.csv", "good.csv"], 1, "1 broken", id="worst is broken"),
        pytest.param(["cases.json"], 0, "cases.json#open", id="every case of a file"),
        pytest.param(["cases.json#good"], 0, "1 history: 1 holds", id="one case"),
        pytest.param(["cases.json#no"], 2, "has no case 'no'; its cases: good, open", id="no case"),
        pytest.param(["good.csv", "--format", "edn"], 2, "no event", id="another format"),
        pytest.param(["good.csv", "--format", "png"], 2, "is not one of", id="no such format"),
        pytest.param(
            ["good.csv", "--model", "queue"], 2, "calls 'write'; the model queue has", id="misfit"
        ),
        pytest.param(["good.csv", "--model", "cow"], 2, "is not one of", id="no such model"),
        pytest.param(["good.csv", "--timeout", "0"], 2, "--timeout", id="no time"),
        pytest.param(["good.csv", "--initial", "NaN"], 2, "cannot be compared", id="no value"),
        pytest.param([], 2, "Missing argument", id="no file"),
    ],
)
def test_exit_codes(arguments: list[str], code: int, words: str) -> None:
    result = run(*arguments)
    assert result.exit_code == code, result.output
    assert words in " ".join(result.output.split())
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("chosen", "code"),
    [
        ("linearizability", 1),
        ("regular", 1),
        ("sequential-consistency", 1),
        ("causal-consistency", 1),
        ("serializability", 1),
        ("no-long-fork", 3),
        ("conserved-total", 2),
    ],
)
def test_a_property_can_be_chosen(chosen: str, code: int) -> None:
    assert run("bad.csv", "--property", chosen).exit_code == code


def test_json_is_one_object_a_history() -> None:
    good, bad, cut = results("good.csv", "bad.csv", "cut.csv")
    assert (good["outcome"], good["witness"]) == ("holds", ["o1", "o2"])
    assert (good["format"], good["model"], good["property"]) == (
        "csv",
        "register",
        "linearizability",
    )
    assert (bad["outcome"], bad["summary"]) == ("broken", "b read 2, which nobody wrote")
    assert bad["culprits"] == [
        {
            "id": "o2",
            "client": "b",
            "f": "read",
            "key": "x",
            "argument": None,
            "result": 2,
            "status": "ok",
            "call_event": 2,
            "return_event": 3,
        }
    ]
    assert (cut["outcome"], cut["file"]) == ("error", "cut.csv")
    assert "truncated" in str(cut["error"])


def test_explain_says_why_and_by_which_rules() -> None:
    result = run("bad.csv", "idle.csv", "--explain")
    assert "bad.csv: linearizability: broken\n  b read 2, which nobody wrote\n" in result.output
    assert "  o2 of b: read 'x' -> 2 (event 2 to 3)\n" in result.output
    assert "rule: before any write the value is None (--initial)" in result.output
    assert "rule: 1 calls without a known end may have taken effect at any time" in result.output


def test_explain_of_a_history_that_holds_shows_an_order() -> None:
    assert "an order that explains every answer: o1 o2" in run("good.csv", "--explain").output


def test_results_are_written_as_json_and_as_text(folder: Path) -> None:
    run("bad.csv", "cases.json#good", "--out", "results")
    names = sorted(path.name for path in (folder / "results").iterdir())
    assert names == [
        "0001-bad.csv.json",
        "0001-bad.csv.txt",
        "0002-cases.json_good.json",
        "0002-cases.json_good.txt",
    ]
    written = json.loads((folder / "results" / names[0]).read_text())
    assert written["outcome"] == "broken"
    assert "nobody wrote" in (folder / "results" / names[1]).read_text()


def test_an_output_folder_that_cannot_be_is_bad_input() -> None:
    result = run("good.csv", "--out", "good.csv/results")
    assert result.exit_code == 2
    assert "good.csv/results: " in result.output


def test_the_initial_value_can_be_told(folder: Path) -> None:
    (folder / "zero.csv").write_text("client,type,f,value\na,invoke,read,\na,ok,read,0\n")
    assert run("zero.csv").exit_code == 1
    assert run("zero.csv", "--initial", "0").exit_code == 0
    assert run("zero.csv", "--initial", '"0"').exit_code == 1


INDEPENDENT = """
{:process 0 :type :invoke :f :write :value [1 5]}
{:process 1 :type :invoke :f :read :value [2 nil]}
{:process 0 :type :ok :f :write :value [1 5]}
{:process 1 :type :ok :f :read :value [2 nil]}
{:process 1 :type :invoke :f :read :value [1 nil]}
{:process 1 :type :ok :f :read :value [1 5]}
"""


def test_values_with_their_keys_are_taken_apart(folder: Path) -> None:
    (folder / "many.edn").write_text(INDEPENDENT)
    assert run("many.edn", "--partition", "key").exit_code == 1
    assert run("many.edn", "--partition", "tuple").exit_code == 0
    recognised = run("many.edn")
    assert recognised.exit_code == 0
    assert "values are taken for [key value]" in " ".join(recognised.output.split())
    result = run("good.csv", "--partition", "tuple")
    assert result.exit_code == 2
    assert "no pair (key, value)" in " ".join(result.output.split())


TWO_KEYS = """client,f,key,argument,result,called,returned
a,write,x,1,,0,1
a,read,y,,,2,3
b,write,x,2,,2,3
"""


def test_all_keys_can_be_one_map(folder: Path) -> None:
    """One map of all keys keeps them apart: y does not show what was written to x."""
    (folder / "two.csv").write_text(TWO_KEYS)
    assert run("two.csv", "--partition", "none").exit_code == 0
    (folder / "two.csv").write_text(TWO_KEYS.replace("a,read,y,,,", "a,read,y,,1,"))
    assert run("two.csv", "--partition", "none").exit_code == 1


def test_the_list_of_what_there_is() -> None:
    result = run("--list")
    assert result.exit_code == 0
    for name in ("jepsen-log", "cas-register", "snapshot-isolation", "dbcop-bincode"):
        assert name in result.output


def test_help_shows_examples() -> None:
    result = run("--help")
    assert "counterpoint check history.edn --model cas-register" in result.output
    assert "Exit codes: 0 holds, 1 broken, 2 usage or bad input, 3 undecided" in result.output


def test_ctrl_c_keeps_what_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(paths: tuple[str, ...], wanted: Wanted) -> Iterator[Checked]:
        yield from check_each(paths[:1], wanted)
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "check_each", interrupted)
    result = run("bad.csv", "good.csv", "--out", "results")
    assert result.exit_code == 130
    assert "1 history: 1 broken" in result.output
    assert "interrupted" in result.output
    assert Path("results/0001-bad.csv.json").exists()


def test_hostile_names_and_values_are_shown_harmlessly(folder: Path) -> None:
    name = "a\x1b[31m\u202eb.csv"
    (folder / name).write_text(GOOD.replace("read,x,1", 'read,x,"""\\u001b[2J\\ud800"""'))
    for arguments in ([name], [name, "--explain"], [name, "--json"], [name, "--out", "results"]):
        result = run(*arguments)
        assert result.exit_code == 1, result.output
        assert "\x1b[31m" not in result.output
        assert "\x1b[2J" not in result.output
        assert "\u202e" not in result.output


@pytest.mark.parametrize(("model", "code"), [("register", OWN_MISTAKE), ("mine:Door", 2)])
def test_a_defect_of_ours_is_no_bad_input(
    monkeypatch: pytest.MonkeyPatch, model: str, code: int
) -> None:
    """What an own model cannot take is its author's."""
    from counterpoint.harness.checking import cases as library

    def failing(*_: object) -> object:
        raise TypeError("unhashable")

    with monkeypatch.context() as patch:
        patch.setattr(library, "model_of", failing)
        patch.setattr(library, "own_model", failing)
        assert run("good.csv", "--model", model).exit_code == code


def test_a_defect_of_a_checker_costs_one_history_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from counterpoint.harness.checking import cases as library

    def failing(*_: object) -> object:
        raise TypeError("unhashable")

    with monkeypatch.context() as patch:
        patch.setattr(library, "model_of", failing)
        (checked,) = check_files(["good.csv"])
    assert checked.outcome == "error"
    assert "a defect of the checker: TypeError: unhashable" in checked.error
    assert "failing" in checked.traceback


def test_the_library_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    outcomes = [checked.outcome for checked in check_files(["good.csv", "bad.csv", "no.csv"])]
    assert outcomes == ["holds", "broken", "error"]
    assert capsys.readouterr() == ("", "")


def test_results_come_as_they_are_found() -> None:
    stream = check_files(iter(["bad.csv", "no.csv"]))
    assert next(stream).outcome == "broken"
    assert next(stream).outcome == "error"
    with pytest.raises(StopIteration):
        next(stream)


def test_times_are_asked_for_only_where_there_are_some() -> None:
    Path("sessions.json").write_text(str(SAMPLES["session-json"]))
    plain, transactions = check_files(["sessions.json"])
    assert (plain.property, transactions.property) == ("causal-consistency", "causal-consistency")
    result = run("sessions.json", "--property", "linearizability")
    assert result.exit_code == 2
    assert "is about real time, which the format does not record" in " ".join(result.output.split())


def test_every_sample_of_every_format_is_judged(folder: Path) -> None:
    for form, data in SAMPLES.items():
        path = folder / f"sample-of-{form}"
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        for checked in check_files([path]):
            assert checked.verdict is not None, checked.error
            assert checked.form == form


@pytest.mark.parametrize("initial", ["null", "0"])
def test_failed_swaps_of_a_register_with_different_values(initial: str) -> None:
    """A register that starts as null was judged at one place too early, or not at all."""
    rows = (
        'a,cas,"[{old}, 7]",true,0,1\n'
        'b,cas,"[7, 8]",false,2,3\n'
        'b,cas,"[7, 8]",false,5,6\n'
        "a,write,9,,4,7\n"
    )
    text = "client,f,argument,result,called,returned\n" + rows.replace("{old}", initial)
    Path("swaps.csv").write_text(text)
    assert run("swaps.csv", "--initial", initial).exit_code == 1
    Path("swaps.csv").write_text(text.replace('b,cas,"[7, 8]",false,2,3\n', ""))
    assert run("swaps.csv", "--initial", initial).exit_code == 0


def test_a_case_can_be_checked_without_a_file() -> None:
    from counterpoint.checkers.readers import read_cases

    (case,) = read_cases(BAD, source="memory")
    assert check_case(case).outcome == "broken"


def test_formats_and_properties_can_be_said_in_short(tmp_path: Path) -> None:
    path = tmp_path / "history.txt"
    path.write_text("w 0 1\n====\nr 0 1\n", encoding="utf-8")
    arguments = ["--format", "awdit", "--property", "ccv", "--json"]
    result = CliRunner().invoke(check, [str(path), *arguments])
    (line,) = result.stdout.splitlines()
    assert json.loads(line)["outcome"] == "holds", result.output
