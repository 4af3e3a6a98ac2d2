"""The pytest plugin: loaded by its entry point in every repository that has counterpoint installed.

It runs the tests that `counterpoint.verify` makes, each with a seed of its own; tells of what broke,
as a report and as a trace file; and replays such a file in the test that wrote it. What takes long to
import is not imported before some test needs it.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Mapping
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import pytest

from counterpoint.harness.plugin.characters import OurSections, printable
from counterpoint.harness.plugin.options import (
    OPTIONS,
    PluginSession,
    session_of,
    shard_name,
    tell_worker,
)

if TYPE_CHECKING:
    from counterpoint.harness.plugin.profiled import ProfiledSession
    from counterpoint.harness.plugin.verification import Searched, Verification
    from counterpoint.model.scenario import Scenario
    from counterpoint.model.search.judgements import Judgements
    from counterpoint.model.search.walks.case_coverage import CaseCoverage
    from counterpoint.model.search.walks.tally import Progress

SESSION = pytest.StashKey[PluginSession]()
TOLD = pytest.StashKey[dict[str, object]]()
STOPPED = pytest.StashKey[list[str]]()

PROFILED: pytest.StashKey[ProfiledSession] = pytest.StashKey()

SHARD = "counterpoint_shard"
"""The parameter of a test that is split."""


# ---- the session ---------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, and the ini options of the same names."""
    group = parser.getgroup("counterpoint", "counterpoint: the shortest run that breaks a protocol")
    for option in OPTIONS:
        group.addoption(option.flag, metavar=option.metavar, help=option.help)
        if option.default is not None:
            about = f"{option.flag} for tests that say nothing of it [{option.default}]"
            parser.addini(option.ini, about, default=option.default)


@pytest.hookimpl(tryfirst=True)  # before Hypothesis's plugin loads the profile
def pytest_configure(config: pytest.Config) -> None:
    """Read the options, and register the Hypothesis profiles if one is asked for."""
    config.stash[SESSION] = session_of(config)
    config.pluginmanager.register(OurSections(config), "counterpoint sections")
    if config.getoption("--hypothesis-profile", None):
        from counterpoint.harness.profiles import register_profiles

        register_profiles()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Forget what shards have told each other."""
    session = config.stash.get(SESSION, None)
    if session is not None and session.is_split and not hasattr(config, "workerinput"):
        from counterpoint.harness.plugin.one_failure import forget

        forget(session)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Let the shards of a test go to several workers where the tests of a file go to one."""
    if config.getvalue("dist") != "loadfile" or not config.stash[SESSION].is_split:
        return None
    from counterpoint.harness.plugin.scheduling import scheduling

    return scheduling(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist the seed of the session."""
    tell_worker(node.workerinput, node.config, node.config.stash[SESSION])


def pytest_report_header(config: pytest.Config) -> str:
    """Name version and seed, so that a report says what found a counterexample, and how."""
    try:
        installed = version("counterpoint")
    except PackageNotFoundError:
        installed = "not installed"
    return f"counterpoint: {installed}, seed {config.stash[SESSION].seed}"


# ---- collection ----------------------------------------------------------------------------------


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Split a test of ours into shards, if there are to be any."""
    shards = metafunc.config.stash[SESSION].shards
    verification = _verification_of(metafunc.function)
    if shards > 1 and verification is not None and not verification.expect:  # one run is enough
        metafunc.fixturenames.append(SHARD)
        parts = [(part, shards) for part in range(shards)]
        metafunc.parametrize(SHARD, parts, ids=map(shard_name, parts))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With a file to replay, keep the test that wrote it, else those of its scenario.

    Raises:
        pytest.UsageError: there is none.
    """
    session = config.stash[SESSION]
    if session.profile or session.budget_seconds is not None:
        _begin_profiled(config, session, items)
    file = session.replay
    if file is None:
        return
    form = file.header.get("scenario")
    name = form.get("name") if isinstance(form, dict) else None
    ours = {item: scenario for item in items if (scenario := _scenario_of(item))}
    same = [item for item, scenario in ours.items() if scenario.name == name]
    chosen = [item for item in same if _name_without_shard(item) == file.header.get("test")] or same
    if not chosen:
        known = ", ".join(sorted({repr(scenario.name) for scenario in ours.values()})) or "none"
        raise pytest.UsageError(
            f"{file.source} is of scenario {name!r}; no test that was collected is of that one. "
            f"Scenarios of the tests: {known}"
        )
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen
    for item in chosen:
        item.runtest = partial(_replay, item)  # type: ignore[method-assign]


def _begin_profiled(
    config: pytest.Config, session: PluginSession, items: list[pytest.Item]
) -> None:
    """Put the tests first that have failed in earlier sessions."""
    ours = [item for item in items if _verification_of(getattr(item, "obj", None))]
    if ours:
        from counterpoint.harness.plugin.profiled import ProfiledSession

        profiled = ProfiledSession(session, tests=len(ours))
        config.stash[PROFILED] = profiled
        items.sort(key=lambda item: not profiled.has_failed(_name_without_shard(item)))


def _replay(item: pytest.Item) -> None:
    from counterpoint.harness.plugin.failures import replay_in_test

    file, scenario = item.config.stash[SESSION].replay, _scenario_of(item)
    assert file is not None
    assert scenario is not None
    told: dict[str, object] = {"fixed": replay_in_test(file, scenario)}
    item.stash[TOLD] = told


def _scenario_of(item: pytest.Item) -> Scenario | None:
    """Return the scenario of a test of ours, None for any other test."""
    behind = sys.modules.get("counterpoint.harness.plugin.verification")
    if behind is None:
        return None
    bearers = (getattr(item, "obj", None), getattr(item, "cls", None))
    found: Scenario | None = next(filter(None, map(behind.scenario_of, bearers)), None)
    return found


def _verification_of(test: object) -> Verification | None:
    """Return what stands behind a test function of ours, None for any other."""
    # Who has such a test has imported the module; others need not.
    behind = sys.modules.get("counterpoint.harness.plugin.verification")
    if behind is None:
        return None
    found: Verification | None = behind.verification_of(test)
    return found


def _name_without_shard(item: pytest.Item) -> str:
    return item.nodeid.rpartition("[")[0] if SHARD in _params(item) else item.nodeid


def _params(item: pytest.Item) -> Mapping[str, Any]:
    found: Mapping[str, Any] = getattr(getattr(item, "callspec", None), "params", {})
    return found


# ---- running -------------------------------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test of ours as hard as the options say."""
    verification = _verification_of(pyfuncitem.obj)
    if verification is None:
        return None
    try:
        searched = _searched(pyfuncitem, verification)
    except KeyboardInterrupt as stop:
        pyfuncitem.config.stash[STOPPED] = _stopped(pyfuncitem, stop)
        raise
    except Exception as error:
        _skip_if_told(pyfuncitem, error)
        raise
    told = {**_counts(searched), "seed": searched.seed, "expected": searched.expected}
    told |= {"floor": verification.scenario.min_calls_per_run, "seconds": searched.seconds}
    if pyfuncitem.config.stash[SESSION].profile:
        coverage = searched.coverage
        told |= {
            "node_states": coverage.node_states.smallest,
            "transitions": coverage.transitions.smallest,
        }
    never = _never(searched.cases, verification.scenario)
    pyfuncitem.stash[TOLD] = told | _judged(searched.judged, searched.warnings) | never
    return True


def _skip_if_told(item: pytest.Function, error: Exception) -> None:
    """Skip a shard whose failure another shard of the test has told of already."""
    shard = _params(item).get(SHARD)
    if shard is None:
        return
    from counterpoint.harness.plugin.failures import broken_in
    from counterpoint.harness.plugin.one_failure import is_first

    broken = broken_in(error)
    if broken is None:
        return
    name = broken.verdict.property
    if not is_first(item.config.stash[SESSION], _name_without_shard(item), name):
        pytest.skip(f"{name} is broken here, too; another shard of the test tells of it")


def _stopped(item: pytest.Function, stop: KeyboardInterrupt) -> list[str]:
    """Return what to say of a search that was interrupted; what it has found is kept."""
    from counterpoint.harness.plugin.failures import present
    from counterpoint.harness.plugin.stopped import SearchStopped

    if not isinstance(stop, SearchStopped):
        return []
    told = [f"{item.nodeid}: {stop.told()}"]
    if stop.found is not None:
        test, session = _name_without_shard(item), item.config.stash[SESSION]
        told.append(
            f"  {present(stop.found, test=test, item=item, session=session, kept=None).replay}"
        )
    return told


def _searched(item: pytest.Function, verification: Verification) -> Searched:
    """Search for a test, in a session with a profile or a budget as these say."""
    session = item.config.stash[SESSION]
    test, shard = _name_without_shard(item), _params(item).get(SHARD, (0, 1))
    profiled = item.config.stash.get(PROFILED, None)
    if profiled is None:
        return verification.check(*session.efforts(test), shard)
    from counterpoint.harness.plugin.profiled import BudgetSpent

    try:
        module = item.module.__name__
        return profiled.check(verification, test, shard, session.efforts(test), module)
    except BudgetSpent as over:
        pytest.skip(str(over))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what was searched, or what broke, to the report of a test."""
    report = yield
    if call.when != "call":
        return report
    if call.excinfo is not None and "counterpoint.model.search.failure" in sys.modules:
        _tell_failure(item, call.excinfo, report)
    elif call.excinfo is None and _scenario_of(item) is not None:
        told = item.stash.get(TOLD, None) or _counts_of_machine(item)
        report.__dict__["counterpoint"] = told  # as pytest-xdist passes it on
    return report


def _counts(searched: Searched | Progress) -> dict[str, object]:
    return {
        "runs": searched.runs,
        "steps": searched.steps,
        "completed": searched.completed_calls,
        "faults": sum(searched.faults.values()),
    }


def _counts_of_machine(item: pytest.Item) -> dict[str, object]:
    machine: Any = getattr(item, "cls", None)
    bench = machine.machine.bench
    judged = bench.tally.judgements(bench.scenario)
    never = _never(bench.tally.cases, bench.scenario)
    return _counts(bench.tally.progress()) | _judged(judged, ()) | never


def _judged(judgements: Judgements, warnings: tuple[str, ...]) -> dict[str, object]:
    """Return lines on what was judged, and on what was left undecided more often than not."""
    from counterpoint.model.search.judgements import judgement_lines

    undecided = {
        name: judged
        for name, judged in judgements.items()
        if judged.undecided_count > judged.held + judged.broken
    }
    return {
        "judged": list(judgement_lines(judgements)),
        "undecided": list(judgement_lines(undecided)),
        "warnings": list(warnings),
    }


def _never(cases: CaseCoverage, scenario: Scenario) -> dict[str, object]:
    """Return a line on what could have happened and never did, if there is anything."""
    from counterpoint.model.search.walks.case_coverage import case_lines

    return {"never": list(case_lines(cases, scenario))}


def _tell_failure(
    item: pytest.Item, excinfo: pytest.ExceptionInfo[BaseException], report: pytest.TestReport
) -> None:
    """Save the trace of a broken property, and put report, file and command where they are seen."""
    from counterpoint.harness.plugin.failures import MACHINE, OURS, broken_in, present

    session = item.config.stash[SESSION]
    error = broken_in(excinfo.value)
    if error is not None:
        kept = session.replay.source if session.replay else None
        test = _name_without_shard(item)
        broken = present(error, test=test, item=item, session=session, kept=kept)
        report.sections.append(("counterpoint", broken.text))
        told = {name: getattr(broken, name) for name in ("sentence", "replay", "annotation")}
        report.__dict__["counterpoint"] = told
        for properties in (item.user_properties, report.user_properties):
            properties.append(("counterpoint_trace", broken.trace))
    if isinstance(excinfo.value, OURS) and item.config.getoption("tbstyle") == "auto":
        # The message says it all; what was called on the way is of no interest.
        report.longrepr = excinfo.getrepr(style="value")
        notes = getattr(excinfo.value, "__notes__", ())
        if notes and error is not None and error.search.get("strategy") == MACHINE:
            report.sections.append(("counterpoint: for Hypothesis", "\n".join(notes)))


# ---- the summary ---------------------------------------------------------------------------------


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how much was searched, what was fixed, and how to replay what broke."""
    told = [
        (report.nodeid, report.counterpoint)
        for reports in terminalreporter.stats.values()
        for report in reports
        if hasattr(report, "counterpoint")
    ]
    stopped = terminalreporter.config.stash.get(STOPPED, [])
    if told or stopped:
        from counterpoint.harness.plugin.summary import tell_summary

        profile = terminalreporter.config.stash[SESSION].profile
        tell_summary(terminalreporter, told, profile=profile)
        for line in stopped:
            terminalreporter.write_line(printable(terminalreporter.config, line))
