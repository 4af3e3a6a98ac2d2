"""A test that is split among workers fails once, whichever of its shards find what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from counterpoint.harness.plugin.effort import DEFAULTS, UNSAID
from counterpoint.harness.plugin.one_failure import forget, is_first
from counterpoint.harness.plugin.options import PluginSession
from tests.plugin.conftest import Pytest

pytest_plugins = ("pytester",)

WRONG = """
    import counterpoint
    from abd import hasty

    test_register = counterpoint.verify(hasty(), runs=600, seed=7)
"""


@pytest.mark.slow
def test_shards_that_find_the_same_are_one_failure(
    repository: pytest.Pytester, run: Pytest
) -> None:
    repository.makepyfile(test_mine=WRONG)
    result = run("-rs", "--counterpoint-shards", "2")
    result.assert_outcomes(failed=1, skipped=1)
    told = "SKIPPED*no early read is broken here, too; another shard of the test tells of it"
    result.stdout.fnmatch_lines([told])
    assert len(list((repository.path / ".counterpoint").glob("*.trace.jsonl"))) == 1


def _session(tmp_path: Path, started: float) -> PluginSession:
    return PluginSession(7, True, UNSAID, DEFAULTS, 2, True, tmp_path, None, started=started)


def test_the_first_shard_tells_of_a_property_and_only_of_that(tmp_path: Path) -> None:
    one, other = _session(tmp_path, 12.5), _session(tmp_path, 13.5)
    try:
        assert is_first(one, "test_lock", "linearizability")
        assert not is_first(one, "test_lock", "linearizability")
        assert is_first(one, "test_lock", "liveness")
        assert is_first(one, "test_other", "linearizability")
        assert is_first(other, "test_lock", "linearizability")
    finally:
        forget(one)
        forget(other)
    assert is_first(one, "test_lock", "linearizability")
    forget(one)
