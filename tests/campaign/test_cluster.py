"""A cluster: a scheduler and workers of dask.distributed on this machine, one of which is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from counterpoint.harness.campaign.assignment import Assignment, NamedSearch
from counterpoint.harness.campaign.cluster import (
    FILES,
    ClusterBench,
    ClusterTeam,
    imported,
    require_safe,
)
from counterpoint.harness.campaign.together import blocks_of
from counterpoint.harness.campaign.worker import Failed, Workbench
from counterpoint.harness.catalog import build
from counterpoint.harness.cli import main
from counterpoint.harness.code_fingerprint import code_fingerprint
from counterpoint.model.search.walks.block import RunBlock
from tests.support.certificates import self_signed

ADDER = "counterpoint.harness.starting.adder:SUITE"
RUNS = 640


def search_of() -> NamedSearch:
    return NamedSearch.of(build(ADDER), "mixed", 3)


# ---- what a worker agrees to ----


@pytest.mark.parametrize(
    "address", ["tcp://10.0.0.7:8786", "tcp://search.example:8786", "host:8786"]
)
def test_an_address_elsewhere_must_be_encrypted(address: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="--cluster"):
        require_safe(address)
    arguments = ["campaign", "run", ADDER, "--cluster", address, "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert "tls://" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:1", "tcp://[::1]:1", "tcp://localhost:1", "tls://far:1"]
)
def test_an_address_here_or_encrypted_will_do(address: str) -> None:
    require_safe(address)


@pytest.mark.slow
def test_a_folder_without_a_certificate_is_refused_with_what_is_missing(tmp_path: Path) -> None:
    made = self_signed(tmp_path / "made")
    (made / "key.pem").unlink()
    done = led_by_command(tmp_path / "out", "tls://127.0.0.1:1", made)
    assert done.exit_code == 2
    assert f"{made} has no key.pem; it must have ca.pem, cert.pem and key.pem" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.skipif(find_spec("distributed") is None, reason="the extra cluster is not installed")
def test_a_certificate_that_is_none_is_refused_as_that(tmp_path: Path) -> None:
    made = self_signed(tmp_path / "made")
    (made / "cert.pem").write_text("nothing")
    done = led_by_command(tmp_path / "out", "tls://127.0.0.1:1", made)
    assert done.exit_code == 2
    assert "must be in PEM, key.pem the key of cert.pem, not encrypted" in done.stderr


def test_a_worker_with_other_code_refuses() -> None:
    given = Assignment(search_of(), range(3))
    said = ClusterBench().answer(given, "other code", "tcp://somewhere")
    assert isinstance(said, Failed)
    assert "tcp://somewhere has other code" in said.text
    code = code_fingerprint(given.search.scenario())
    done = ClusterBench().answer(given, code, "tcp://somewhere")
    assert isinstance(done, RunBlock)
    assert done.tally.runs == 3


def test_what_a_worker_cannot_build_is_told_with_its_place() -> None:
    given = Assignment(NamedSearch((("system", "nothing"),)), range(3))
    said = ClusterBench().answer(given, "", "tcp://somewhere")
    assert isinstance(said, Failed)
    assert "tcp://somewhere cannot build this: 'nothing' is no system" in said.text


# ---- a cluster ----


def needs_a_cluster(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test that starts a scheduler and workers as processes."""
    has_none = find_spec("distributed") is None
    for mark in (
        *(pytest.mark.slow, pytest.mark.live, pytest.mark.nightly),
        pytest.mark.filterwarnings("default"),
        pytest.mark.skipif(has_none, reason="the extra cluster is not installed"),
        pytest.mark.skipif(sys.platform == "win32", reason="process groups are of POSIX"),
    ):
        test = mark(test)
    return test


@contextmanager
def process(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the cluster in a group of its own, and the end of that group."""
    one = subprocess.Popen(
        [sys.executable, "-m", "dask", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield one
    finally:
        with suppress(ProcessLookupError):
            os.killpg(one.pid, signal.SIGKILL)
        one.wait()


@contextmanager
def cluster(
    folder: Path, certificates: Path | None = None
) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and two workers on this machine: its address, and the workers."""
    file = folder / "scheduler.json"
    encrypted, security = encryption(certificates)
    with process(
        *("scheduler", "--host", "127.0.0.1", "--port", "0"),
        *("--no-dashboard", "--scheduler-file", str(file), *encrypted),
    ) as scheduler:
        while not file.exists() or not file.read_text().strip().endswith("}"):
            assert scheduler.poll() is None
            time.sleep(0.05)
        with imported().Client(scheduler_file=str(file), timeout=60, security=security) as client:
            place = str(client.scheduler.address)
            alone = ("--nthreads", "1", "--no-nanny", "--no-dashboard")
            worker = ("worker", place, *alone, *encrypted)
            with process(*worker) as one, process(*worker) as other:
                client.wait_for_workers(2, timeout=120)
                yield place, [one, other]


def encryption(certificates: Path | None) -> tuple[list[str], Any]:
    """Return the arguments of a process that speaks TLS alone, and what a client needs for it."""
    if certificates is None:
        return [], None
    ca, cert, key = (str(certificates / name) for name in FILES)
    arguments = ["--tls-ca-file", ca, "--tls-cert", cert, "--tls-key", key]
    security = imported().Security(
        require_encryption=True, tls_ca_file=ca, tls_client_cert=cert, tls_client_key=key
    )
    return ["--protocol", "tls", *arguments], security


def led_by_command(
    out: Path, address: str, certificates: Path | None = None, seconds: int = 3
) -> Result:
    named = () if certificates is None else ("--certificates", str(certificates))
    arguments = ("campaign", "run", f"{ADDER}:hasty", "--time", f"{seconds}s", "--out", str(out))
    return CliRunner().invoke(main, [*arguments, "--cluster", address, *named])


@needs_a_cluster
def test_an_encrypted_cluster_serves_who_has_its_certificates_and_nobody_else(
    tmp_path: Path,
) -> None:
    ours, others = self_signed(tmp_path / "ours"), self_signed(tmp_path / "others")
    with cluster(tmp_path, ours) as (address, _):
        assert address.startswith("tls://127.0.0.1:")
        found = led_by_command(tmp_path / "campaign", address, ours)
        refused = [
            led_by_command(tmp_path / "without", address),
            led_by_command(tmp_path / "strange", address, others),
            led_by_command(tmp_path / "plain", address.replace("tls", "tcp")),
        ]
    assert found.exit_code == 1, found.output
    assert "1 failure" in found.stdout
    assert [one.exit_code for one in refused] == [2, 2, 2]
    without, strange, plain = (one.stderr for one in refused)
    assert "name the folder that holds ca.pem, cert.pem and key.pem: --certificates" in without
    assert f"no scheduler answers at {address}: TLS certificate does not match" in strange
    assert "no scheduler answers at tcp://" in plain


@needs_a_cluster
def test_a_worker_of_a_cluster_may_die_and_nothing_is_lost_or_counted_twice(tmp_path: Path) -> None:
    bench = Workbench()
    here = [bench.answer(given, lambda: False) for given in blocks_of(search_of(), runs=RUNS)]
    expected = [block.tally.steps for block in here if isinstance(block, RunBlock)]
    there: dict[int, int] = {}
    with cluster(tmp_path) as (address, workers), ClusterTeam(address) as team:
        for number, block in team.answers(blocks_of(search_of(), runs=RUNS)):
            assert number not in there
            assert isinstance(block, RunBlock)
            there[number] = block.tally.steps
            if len(there) == 10:
                os.killpg(workers[0].pid, signal.SIGKILL)
        found = led_by_command(tmp_path / "campaign", address)
    assert [there[number] for number in range(len(expected))] == expected
    assert len(there) == len(expected)
    assert found.exit_code == 1, found.output
    assert "1 failure" in found.stdout
    for worker in workers:
        assert worker.poll() is not None
        with pytest.raises(ProcessLookupError):
            os.killpg(worker.pid, 0)
