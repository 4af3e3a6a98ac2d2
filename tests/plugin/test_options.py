"""Seeds, budgets, shards, workers and profiles: what the options and the ini file say."""

from __future__ import annotations

import re

import pytest

from counterpoint.model.tracefile import read_trace
from tests.plugin.conftest import HAS_ENTRY_POINT, Pytest

pytest_plugins = ("pytester",)

HELD = re.compile(r"^(?:  (\S+): |\d tests? held: )([\d,]+) runs", re.MULTILINE)
SEED = re.compile(r"^  \S+::(\w+)\S*: .*, seed (\d+)$", re.MULTILINE)

TWO = """
    import counterpoint
    from abd import abd

    test_one = counterpoint.verify(abd(), examples=0)
    test_other = counterpoint.verify(abd(), runs=30, examples=0)
"""


def runs(result: pytest.RunResult) -> dict[str, int]:
    """Return how many runs each test made, "" for all together."""
    return {test: int(n.replace(",", "")) for test, n in HELD.findall(result.stdout.str())}


def seeds(result: pytest.RunResult) -> dict[str, int]:
    """Return the seed of each test."""
    return {test: int(seed) for test, seed in SEED.findall(result.stdout.str())}


@pytest.mark.slow
def test_the_command_line_goes_before_the_test_and_the_test_before_the_ini_file(
    repository: pytest.Pytester, run: Pytest
) -> None:
    repository.makepyfile(test_mine=TWO)
    one, other = "test_mine.py::test_one", "test_mine.py::test_other"
    repository.makeini("[pytest]\ncounterpoint_runs = 40\n")
    assert runs(run("-v")) == {"": 70, one: 40, other: 30}
    assert runs(run("-v", "--counterpoint-runs", "20")) == {"": 40, one: 20, other: 20}
    assert runs(run("-v", "--counterpoint-examples=5"))[other] >= 35


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (
            ("--counterpoint-seed", "x"),
            "counterpoint_seed is 'x'; it must be a number, or 'random'",
        ),
        (("--counterpoint-runs", "many"), "counterpoint_runs is 'many'; it must be a number"),
        (("--counterpoint-runs", "0"), "counterpoint_runs is '0'; it must be at least 1"),
        (("--counterpoint-shards", "0"), "counterpoint_shards is '0'; it must be at least 1"),
        (
            ("--counterpoint-budget", "soon"),
            "counterpoint_budget: a time is 'soon'; it must be like*",
        ),
        (("--counterpoint-budget", "0s"), "counterpoint_budget is '0s'; it must be at least 0.001"),
        (("--counterpoint-seconds", "-1"), "counterpoint_seconds is '-1'; it must be at least*"),
    ],
)
def test_a_bad_option_is_refused(run: Pytest, arguments: tuple[str, ...], complaint: str) -> None:
    result = run(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {complaint}"])


@pytest.mark.slow
def test_every_test_has_a_seed_of_its_own_wherever_it_runs(
    repository: pytest.Pytester, run: Pytest
) -> None:
    repository.makepyfile(test_mine=TWO)
    few = ("-v", "--counterpoint-runs", "5", "--counterpoint-seed")
    alone = seeds(run(*few, "7"))
    assert len(set(alone.values())) == 2
    assert seeds(run(*few, "7", "-n", "2")) == alone
    assert seeds(run(*few, "7", "-k", "other")) == {"test_other": alone["test_other"]}
    assert not set(seeds(run(*few, "8")).values()) & set(alone.values())


@pytest.mark.slow
def test_the_seed_of_a_test_stands_unless_the_command_line_names_another(
    repository: pytest.Pytester, run: Pytest
) -> None:
    repository.makepyfile(test_mine=TWO.replace("examples=0", "examples=0, seed=3"))
    few = ("-v", "--counterpoint-runs", "5")
    assert seeds(run(*few)) == {"test_one": 3, "test_other": 3}
    assert 3 not in seeds(run(*few, "--counterpoint-seed", "7")).values()


@pytest.mark.slow
def test_where_every_worker_runs_every_test_each_has_a_seed_and_a_file_of_its_own(
    repository: pytest.Pytester, run: Pytest
) -> None:
    source = "import abd, counterpoint\ntest_one = counterpoint.verify(abd.hasty())\n"
    repository.makepyfile(test_mine=source)
    result = run("--dist", "each", "--tx", "2*popen")
    result.assert_outcomes(failed=2)
    paths = sorted((repository.path / ".counterpoint").glob("*.jsonl"))
    names = [path.name.removesuffix(".trace.jsonl") for path in paths]
    assert {name.rpartition("-")[2] for name in names} == {"gw0", "gw1"}
    assert all(name.startswith("test_mine-test_one-no-early-read-") for name in names)
    searches = [read_trace(path).header["search"] for path in paths]
    assert searches[0] != searches[1]


@pytest.mark.slow
def test_a_session_draws_its_seed_but_on_a_server(
    repository: pytest.Pytester, run: Pytest, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.makepyfile(test_mine="def test_mine(): pass")
    drawn = [re.findall(r"seed (\d+)", run().stdout.str()) for _ in range(2)]
    assert drawn[0] != drawn[1]
    run("--hypothesis-seed", "5", apart=True).stdout.fnmatch_lines(["counterpoint: *, seed 5"])
    monkeypatch.setenv("CI", "1")
    run().stdout.fnmatch_lines(["counterpoint: *, seed 0"])
    asked = run("--counterpoint-seed", "random").stdout.str()
    assert ", seed 0\n" not in asked


@pytest.mark.slow
def test_shards_share_the_runs_of_a_test_between_the_workers(
    repository: pytest.Pytester, run: Pytest
) -> None:
    repository.makepyfile(test_mine=TWO)
    result = run("-v", "-n", "2", "--counterpoint-shards", "auto", "-k", "other")
    result.assert_outcomes(passed=2)
    name = "test_mine.py::test_other[shard-{}-of-2]"
    assert runs(result) == {"": 30, name.format(1): 15, name.format(2): 15}
    three = run("-v", "--counterpoint-shards=3", "-k", "other")
    assert sorted(runs(three).values()) == [10, 10, 10, 30]


@pytest.mark.slow
def test_the_profiles_are_there_and_no_one_is_forced(
    repository: pytest.Pytester, run: Pytest, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CI", "TF_BUILD", "GITHUB_ACTIONS"):  # where Hypothesis has a default of its own
        monkeypatch.delenv(name, raising=False)
    repository.makepyfile(
        test_mine="""
        from hypothesis import settings

        def test_mine():
            with open("examples.txt", "w") as file:
                file.write(f"{settings().max_examples} {settings().derandomize}")
        """
    )
    said = repository.path / "examples.txt"
    run(apart=True).assert_outcomes(passed=1)
    assert said.read_text() == "100 False"
    run("--hypothesis-profile", "nightly", apart=True).assert_outcomes(passed=1)
    assert said.read_text() == "5000 False"
    run("--hypothesis-profile", "ci", apart=True).assert_outcomes(passed=1)
    assert said.read_text() == "100 True"
    repository.makeconftest(
        "from hypothesis import settings\nsettings.register_profile('dev', max_examples=3)\n"
    )
    run("--hypothesis-profile", "dev", apart=True).assert_outcomes(passed=1)
    assert said.read_text() == "3 False"


@pytest.mark.slow
def test_other_plugins_may_be_missing(repository: pytest.Pytester, run: Pytest) -> None:
    repository.makepyfile(test_mine=TWO)
    without = ("-p", "no:xdist", "-p", "no:hypothesispytest", "-k", "other")
    run(*without).assert_outcomes(passed=1)
    plain = run(*without, "-p", "no:counterpoint") if HAS_ENTRY_POINT else run(*without)
    plain.assert_outcomes(passed=1)
