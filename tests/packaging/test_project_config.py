"""What Chalice would pass over in its configuration stops the build."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from infra.aws.errors import PackagingError
from infra.aws.package.project_config import check_config
from tests.packaging.fresh import ROOT


def scratch(tmp_path: Path, **changes: Any) -> Path:
    """Return a project with this project's configuration and changes to it."""
    config = json.loads((ROOT / ".chalice" / "config.json").read_text()) | changes
    (tmp_path / ".chalice").mkdir()
    (tmp_path / ".chalice" / "config.json").write_text(json.dumps(config))
    return tmp_path


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_stages_of_the_project_are_sound(stage: str) -> None:
    """What is committed can be packaged."""
    check_config(ROOT, stage)


def test_unknown_stage_stops_the_build(tmp_path: Path) -> None:
    """Chalice would package it with the defaults."""
    with pytest.raises(PackagingError, match=r"The stage 'staging' does not exist. Stages: dev, prod"):
        check_config(scratch(tmp_path), "staging")


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"lambda_memory": 512}, "config.json has an unknown key: lambda_memory"),
        ({"stages": {"dev": {"autogen": True}}}, "stage dev has an unknown key: autogen"),
        (
            {"stages": {"dev": {"lambda_functions": {"f": {"memory": 1}}}}},
            "stage dev, function f has an unknown key: memory",
        ),
        (
            {"lambda_functions": {"f": {"x": 1}}},
            "config.json, function f has an unknown key: x",
        ),
    ],
)
def test_unknown_key_stops_the_build(tmp_path: Path, changes: dict[str, Any], where: str) -> None:
    """Chalice would pass over it."""
    with pytest.raises(PackagingError, match=where):
        check_config(scratch(tmp_path, **changes), "dev")


@pytest.mark.parametrize(
    "key", ["iam_policy_file", "lambda_memory_size", "lambda_timeout", "reserved_concurrency"]
)
def test_stage_does_not_override_what_functions_have_of_their_own(tmp_path: Path, key: str) -> None:
    """A stage's policy would be that of every function; each may still have another one there."""
    with pytest.raises(PackagingError, match=f"stage dev must not set {key}, .* lambda_functions"):
        check_config(scratch(tmp_path, stages={"dev": {key: 1}}), "dev")
    shutil.rmtree(tmp_path / ".chalice")
    own = {"lambda_functions": {"api_handler": {key: 1}}}
    check_config(scratch(tmp_path, stages={"dev": own}), "dev")


@pytest.mark.parametrize(
    "changes",
    [
        {"stages": {"dev": {"autogen_policy": True}}},
        {"lambda_functions": {"f": {"autogen_policy": True}}},
        {"lambda_functions": {"f": {"lambda_architecture": "x86_64"}}},
        {"lambda_functions": {"f": {"minimum_compression_size": 1}}},
    ],
)
def test_key_that_means_nothing_there_stops_the_build(tmp_path: Path, changes: dict[str, Any]) -> None:
    """Policies are written by hand, and Chalice reads the others for a whole stage only."""
    with pytest.raises(PackagingError, match="has an unknown key"):
        check_config(scratch(tmp_path, **changes), "dev")


@pytest.mark.parametrize("text", ["", "{"])
def test_unreadable_configuration_stops_the_build(tmp_path: Path, text: str) -> None:
    """The message names the file."""
    scratch(tmp_path)
    (tmp_path / ".chalice" / "config.json").write_text(text)
    with pytest.raises(PackagingError, match=r"config\.json cannot be read"):
        check_config(tmp_path, "dev")
