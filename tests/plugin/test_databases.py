"""Hypothesis's databases: what one run found is what the next one tries first, wherever that is."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import SkipTest
from zipfile import ZipFile

import pytest
from hypothesis import Phase, seed, settings
from hypothesis.database import (
    DirectoryBasedExampleDatabase,
    ExampleDatabase,
    GitHubArtifactDatabase,
    MultiplexedDatabase,
    ReadOnlyDatabase,
)

import counterpoint as cp
from counterpoint.model.search.failure import PropertyBroken
from tests.plugin.tiny_redis import TinyRedis, tiny_redis
from tests.support.abd import hasty

TRUE_MINIMUM = 7

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("redis") is None, reason="redis-py is not installed"),
]


def redis_database(server: TinyRedis) -> Any:
    from hypothesis.extra.redis import RedisExampleDatabase
    from redis import Redis

    return RedisExampleDatabase(Redis(port=server.port, protocol=2))


def failing(database: ExampleDatabase, **changes: Any) -> PropertyBroken:
    """Return what the machine of a wrong register finds, with a database."""
    case = cp.machine(hasty(), name="KeptMachine")
    case.settings = settings(case.settings, database=database, **changes)
    with pytest.raises(PropertyBroken) as caught:
        seed(3)(case)().runTest()
    return caught.value


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A folder and a server in which one run has left what it found."""
    folder = tmp_path_factory.mktemp("shared") / "examples"
    with tiny_redis() as server:
        both = MultiplexedDatabase(DirectoryBasedExampleDatabase(folder), redis_database(server))
        steps_found = failing(both, max_examples=900).steps_found
        assert steps_found is not None
        assert steps_found > TRUE_MINIMUM
        yield SimpleNamespace(folder=folder, server=server)


def tried_first(database: ExampleDatabase) -> PropertyBroken:
    """Return what fails of what is in a database, where nothing else is tried."""
    return failing(database, phases=[Phase.reuse])


def test_a_folder_gives_the_next_run_what_failed(shared: SimpleNamespace) -> None:
    assert tried_first(DirectoryBasedExampleDatabase(shared.folder)).steps_found == TRUE_MINIMUM


def test_a_redis_server_gives_any_machine_what_failed(shared: SimpleNamespace) -> None:
    assert tried_first(redis_database(shared.server)).steps_found == TRUE_MINIMUM


def test_an_artefact_of_github_gives_a_desk_what_failed_on_the_server(
    shared: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answering_for_github(monkeypatch, zipped(shared.folder))
    local = DirectoryBasedExampleDatabase(tmp_path / "local")
    artefact = GitHubArtifactDatabase("owner", "repository", path=tmp_path / "cache")
    both = MultiplexedDatabase(local, ReadOnlyDatabase(artefact))
    assert tried_first(both).steps_found == TRUE_MINIMUM
    assert asked == [
        "https://api.github.com/repos/owner/repository/actions/artifacts",
        "https://api.github.com/the-archive",
    ]


def zipped(folder: Path) -> bytes:
    """Return a folder as an artefact."""
    content = io.BytesIO()
    with ZipFile(content, "w") as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return content.getvalue()


def answering_for_github(monkeypatch: pytest.MonkeyPatch, archive: bytes) -> list[str]:
    """Answer in the place of GitHub, and return the addresses that are asked for, as they are."""
    asked: list[str] = []
    artefact = {
        "name": "hypothesis-example-db",
        "created_at": datetime.now(UTC).isoformat(),
        "archive_download_url": "https://api.github.com/the-archive",
    }

    def answer(request: Any) -> Any:
        asked.append(request.full_url)
        is_list = request.full_url.endswith("/artifacts")
        return closing(
            io.BytesIO(json.dumps({"artifacts": [artefact]}).encode() if is_list else archive)
        )

    monkeypatch.setattr("urllib.request.urlopen", answer)
    return asked


def test_without_a_database_nothing_is_tried_again() -> None:
    case = cp.machine(hasty(), name="KeptMachine")
    case.settings = settings(case.settings, database=None, phases=[Phase.reuse])
    with pytest.raises(SkipTest):  # as there is nothing to be tried
        seed(3)(case)().runTest()
