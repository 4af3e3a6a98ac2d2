"""A team on other machines: the workers of a dask.distributed cluster (the extra `cluster`).

What is sent are names, numbers and settings; each worker builds the scenario from the code that it has,
and refuses if that is not the code of whoever leads. What a dying worker had the scheduler gives to
another one, and an answer is taken once. The link to a scheduler that is not on this machine must be
encrypted, since whoever can reach it can have workers run what they like.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from time import monotonic
from typing import Any, Self
from urllib.parse import urlsplit

from counterpoint.harness.campaign.assignment import (
    Assignment,
    MinimisedRun,
    Minimising,
    NamedSearch,
)
from counterpoint.harness.campaign.team import AHEAD, unless_failed
from counterpoint.harness.campaign.worker import Failed, Workbench
from counterpoint.harness.code_fingerprint import code_fingerprint
from counterpoint.model.search.walks.block import RunBlock

BENCH = "_counterpoint_bench"
"""Under this name a worker process has its workbench."""

FILES = ("ca.pem", "cert.pem", "key.pem")
"""What a folder of certificates holds: who signs, who one is, and the key to that."""


class ClusterTeam:
    """The workers of a cluster, as a team: `with` connects to the scheduler at an address.

    `certificates` holds ca.pem, cert.pem and key.pem, for an address that begins with tls://.

    Raises:
        ValueError: the address is not on this machine and not encrypted, or nobody is there; a
            certificate is missing, or none.
    """

    def __init__(self, address: str, certificates: Path | None = None) -> None:
        require_safe(address)
        if certificates is not None:
            require_certificates(certificates)
        self._address = address
        self._certificates = certificates
        self._codes: dict[NamedSearch, str] = {}
        self._client: Any = None

    def __enter__(self) -> Self:
        distributed = imported()
        security = self._security(distributed)
        try:
            self._client = distributed.Client(self._address, security=security, timeout=20)
        except (OSError, TimeoutError) as error:
            raise ValueError(f"no scheduler answers at {self._address}: {error}") from None
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def _security(self, distributed: Any) -> Any:
        """Return what encrypts; where no folder is named, what dask is configured to use."""
        if self._certificates is None:
            configured = distributed.Security()
            if not self._address.startswith("tls:") or configured.tls_client_cert is not None:
                return configured
            raise ValueError(
                f"--cluster {self._address} is encrypted; name the folder that holds "
                f"{_listed(FILES)}: --certificates FOLDER"
            )
        ca, cert, key = (str(self._certificates / name) for name in FILES)
        security = distributed.Security(
            require_encryption=True, tls_ca_file=ca, tls_client_cert=cert, tls_client_key=key
        )
        try:
            security.get_connection_args("client")
        except OSError as error:
            raise ValueError(
                f"--certificates {self._certificates}: {error}; {_listed(FILES)} must be in PEM, "
                f"{FILES[2]} the key of {FILES[1]}, not encrypted"
            ) from None
        return security

    def answers(
        self, given: Iterable[Assignment | Minimising], *, seconds: float | None = None
    ) -> Iterator[tuple[int, RunBlock | MinimisedRun]]:
        """Give out what is to be done, and return what comes back, each once, with its index.

        When the seconds are over no more is given out; what is under way is waited for. They begin
        with the first answer: to bring workers to where they can begin takes longer than many a search.

        Raises:
            BadScenario: the scenario is wrong, as a worker found.
            OwnDefect: a worker failed, or has other code.
        """
        coming, until = enumerate(given), float("inf")
        under_way = imported().as_completed([], loop=self._client.loop)
        numbers: dict[Any, int] = {}
        is_over = False
        while True:
            is_over = is_over or monotonic() >= until
            while not is_over and len(numbers) < AHEAD * self._threads():
                found = next(coming, None)
                if found is None:
                    is_over = True
                    break
                future = self._submit(found[1])
                numbers[future] = found[0]
                under_way.add(future)
            if not numbers:
                return
            future = next(under_way)
            if seconds is not None:
                until, seconds = monotonic() + seconds, None
            yield numbers.pop(future), unless_failed(future.result())

    def _threads(self) -> int:
        """Return how many things the cluster does at a time, now: machines come and go."""
        threads: dict[str, int] = self._client.nthreads()
        return max(sum(threads.values()), 1)

    def _submit(self, given: Assignment | Minimising) -> Any:
        # Not pure: what was done once may be asked for again, and is not to be looked up.
        return self._client.submit(done_here, given, self._code(given.search), pure=False)

    def _code(self, search: NamedSearch) -> str:
        found = self._codes.get(search)
        if found is None:
            found = self._codes[search] = code_fingerprint(search.scenario())
        return found


def done_here(given: Assignment | Minimising, code: str) -> RunBlock | MinimisedRun | Failed:
    """Do on a worker what its lead has sent, if both have the same code."""
    worker = imported().get_worker()
    bench = getattr(worker, BENCH, None)
    if bench is None:
        bench = ClusterBench()
        setattr(worker, BENCH, bench)
    answer: RunBlock | MinimisedRun | Failed = bench.answer(given, code, str(worker.address))
    return answer


class ClusterBench:
    """The workbench of a worker that asks first whether its code is that of its lead."""

    def __init__(self) -> None:
        self._bench = Workbench()
        self._codes: dict[NamedSearch, str] = {}

    def answer(
        self, given: Assignment | Minimising, code: str, place: str
    ) -> RunBlock | MinimisedRun | Failed:
        """Do what was assigned; `place` says where this is, if it cannot be."""
        try:
            here = self._code(given.search)
        except Exception as error:
            return Failed(f"the worker at {place} cannot build this: {error}", is_ours=False)
        if here != code:
            return Failed(
                f"the worker at {place} has other code of {dict(given.search.origin)['system']!r}, "
                "of this package or of Python than who leads; install the same everywhere",
                is_ours=False,
            )
        return self._bench.answer(given, lambda: False)

    def _code(self, search: NamedSearch) -> str:
        if search not in self._codes:
            self._codes[search] = code_fingerprint(search.scenario())
        return self._codes[search]


def require_safe(address: str) -> None:
    """Refuse an address that is neither on this machine nor encrypted.

    Raises:
        ValueError: it is such a one.

    >>> require_safe("tcp://127.0.0.1:8786"), require_safe("tls://search.example:8786")
    (None, None)
    """
    parts = urlsplit(address)
    if parts.scheme not in ("tcp", "tls") or not parts.hostname:
        raise ValueError(f"--cluster is {address!r}; it must be like tls://HOST:PORT")
    if parts.scheme == "tcp" and not _is_here(parts.hostname):
        raise ValueError(
            f"--cluster {address} is on another machine and not encrypted: whoever reaches it can run "
            "anything on its workers; use tls:// with --certificates"
        )


def require_certificates(folder: Path) -> None:
    """Refuse a folder in which a file is missing.

    Raises:
        ValueError: it is such a one.
    """
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise ValueError(
            f"--certificates {folder} has no {_listed(missing)}; it must have {_listed(FILES)}"
        )


def _listed(names: Sequence[str]) -> str:
    """Return names as a sentence has them.

    >>> _listed(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join([part for part in (", ".join(names[:-1]), names[-1]) if part])


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def imported() -> Any:
    """Return the library.

    Raises:
        ValueError: it is not installed.
    """
    try:
        import distributed
    except ImportError:
        raise ValueError(
            "--cluster needs dask.distributed: pip install 'counterpoint[cluster]'"
        ) from None
    return distributed
