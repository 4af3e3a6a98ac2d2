"""The machines of others: workflows and hooks are well-formed, and ask for what there is."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from counterpoint.harness.cli import main
from counterpoint.harness.plugin.options import OPTIONS

ROOT = Path(__file__).resolve().parents[2]
GITHUB = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
GITLAB = ROOT / ".gitlab-ci.yml"
HOOKS = ROOT / ".pre-commit-config.yaml"
TEMPLATES = ROOT / "docs" / "how-to" / "templates"
SCHEMAS = {
    **dict.fromkeys([*GITHUB, TEMPLATES / "github.yml"], "vendor.github-workflows"),
    **dict.fromkeys([GITLAB, TEMPLATES / "gitlab.yml"], "vendor.gitlab-ci"),
}
MISTAKES = [
    pytest.param(GITHUB[0], "runs-on:", "run-on:", id="GitHub: a job that runs nowhere"),
    pytest.param(GITHUB[0], "timeout-minutes: 15", "timeout-minutes: soon", id="GitHub: a time"),
    pytest.param(GITLAB, "timeout: 15 minutes", "timeout: [15]", id="GitLab: a list of times"),
    pytest.param(GITLAB, "script: make check", "scripts: make check", id="GitLab: no script"),
]


def checked(schema: str, *files: Path) -> subprocess.CompletedProcess[str]:
    """Compare files with a schema that comes with the library, so that no network is needed."""
    command = (sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema)
    return subprocess.run([*command, *map(str, files)], capture_output=True, text=True, check=False)


def content(path: Path) -> dict[Any, Any]:
    """Return what a file of YAML says."""
    said = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(said, dict)
    return said


def leaves(value: object) -> Iterator[str]:
    """Return every text in nested lists and mappings."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from leaves(inner)


def promised_versions() -> list[str]:
    """Return the versions of Python that the package says it is for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    text = "\n".join(project["classifiers"])
    return re.findall(r"^Programming Language :: Python :: (3\.\d+)$", text, re.MULTILINE)


@pytest.mark.slow
@pytest.mark.parametrize("schema", sorted(set(SCHEMAS.values())))
def test_a_workflow_is_what_its_host_understands(schema: str) -> None:
    files = [path for path, of in SCHEMAS.items() if of == schema]
    assert files
    done = checked(schema, *files)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(("path", "right", "wrong"), MISTAKES)
def test_a_mistake_in_a_workflow_is_noticed(
    path: Path, right: str, wrong: str, tmp_path: Path
) -> None:
    text = path.read_text(encoding="utf-8")
    assert right in text
    copy = tmp_path / path.name
    copy.write_text(text.replace(right, wrong), encoding="utf-8")
    assert checked(SCHEMAS[path], copy).returncode == 1


@pytest.mark.parametrize("name", ["github.yml", "gitlab.yml"])
def test_a_template_asks_for_options_that_there_are(name: str) -> None:
    """Each command of a template is one of ours or of pytest, and knows all that it is given."""
    lines = [line for text in leaves(content(TEMPLATES / name)) for line in text.splitlines()]
    commands = [shlex.split(line) for line in lines if re.match(r"(counterpoint|pytest) ", line)]
    kinds = {
        tuple(command[:3]) if command[0] == "counterpoint" else "pytest" for command in commands
    }
    parts = {("counterpoint", "campaign", part) for part in ("run", "merge", "report")}
    assert kinds == {*parts, "pytest"}
    for command in commands:
        options = {word.partition("=")[0] for word in command if word.startswith("--")}
        assert options <= options_of(command), command


def options_of(command: list[str]) -> set[str]:
    """Return the long options that a command has."""
    if command[0] == "pytest":
        return {option.flag for option in OPTIONS} | {"--junitxml"}
    group = main.get_command(click.Context(main), command[1])
    assert isinstance(group, click.Group)
    return {flag for option in group.commands[command[2]].params for flag in option.opts}


def test_nothing_in_a_template_has_more_rights_than_it_needs_or_no_end() -> None:
    workflow = content(TEMPLATES / "github.yml")
    assert workflow["permissions"] == {"contents": "read"}
    assert all("timeout-minutes" in job for job in workflow["jobs"].values())
    assert [name for name, job in workflow["jobs"].items() if "permissions" in job] == ["report"]


@pytest.mark.slow
def test_the_hooks_are_what_pre_commit_understands() -> None:
    command = (sys.executable, "-m", "pre_commit", "validate-config", str(HOOKS))
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [hook["id"] for hook in content(HOOKS)["repos"][0]["hooks"]] == ["lint", "check"]


def test_both_hosts_check_test_and_search_by_night_on_every_promised_python() -> None:
    day, night = (content(GITHUB[0].with_name(f"{name}.yml"))["jobs"] for name in ("ci", "nightly"))
    gitlab = content(GITLAB)
    assert {"check", "test", "docs"} <= set(day) & set(gitlab)
    assert {"nightly", "real", "campaign"} <= set(night) & set(gitlab)
    versions = promised_versions()
    assert versions == ["3.11", "3.12", "3.13", "3.14"]
    assert day["test"]["strategy"]["matrix"]["python"] == versions
    assert night["nightly"]["strategy"]["matrix"]["python"] == versions
    assert gitlab[".every-python"]["parallel"]["matrix"] == [{"VERSION_OF_PYTHON": versions}]
    assert (
        night["real"]["strategy"]["matrix"]["target"]
        == (gitlab["real"]["parallel"]["matrix"][0]["TARGET"])
    )


def test_every_target_that_a_machine_asks_for_is_one_of_the_makefile() -> None:
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    files = [*GITHUB, GITLAB, HOOKS]
    asked = {
        target
        for path in files
        for line in leaves(content(path))
        for target in re.findall(r"\bmake ([a-z-]+)", line)
    }
    asked |= set(content(GITLAB)["real"]["parallel"]["matrix"][0]["TARGET"])
    assert {"check", "test", "docs", "nightly", "lint", "release-check"} <= asked
    assert asked - known == set()


def test_every_job_of_github_has_a_limit_of_time_and_no_more_rights_than_it_needs() -> None:
    for path in GITHUB:
        workflow = content(path)
        assert workflow["permissions"] == {"contents": "read"}, path.name
        assert [
            name for name, job in workflow["jobs"].items() if "timeout-minutes" not in job
        ] == []
