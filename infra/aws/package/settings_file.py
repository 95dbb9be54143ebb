"""The settings of a stage in ``.chalice/settings/STAGE.json``.

Git ignores these files, so an upgrade of the checkout merges nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chalicelib import strict_json
from infra.aws.errors import PackagingError

Config = dict[str, Any]

_FOLDER = Path(".chalice") / "settings"
_EXAMPLE = "example"
# As the setting STAGE. No other text becomes part of a path.
_STAGE = re.compile(r"[a-z][a-z0-9-]{0,19}")
_BOUNDS = strict_json.Bounds(longest=1024 * 1024, deepest=8, most_values=20_000)


def stages_of(project: Path, config: Config) -> list[str]:
    """Return the stages of the configuration, and those that have only a file."""
    files = {path.stem for path in (project / _FOLDER).glob("*.json") if _STAGE.fullmatch(path.stem)}
    return sorted({*config.get("stages", {}), *files} - {_EXAMPLE})


def with_settings_file(project: Path, config: Config, stage: str) -> Config:
    """Return the configuration with the settings of the stage's file, which win.

    A file makes a stage that the configuration lacks. Raises PackagingError if it cannot be read.
    """
    path = project / file_of(stage)
    if stage == _EXAMPLE or not _STAGE.fullmatch(stage) or not path.exists():
        return config
    stages: Mapping[str, Any] = config.get("stages", {})
    made = {"api_gateway_stage": stage, "environment_variables": {"STAGE": stage}}
    section = stages.get(stage, made)
    settings = {**section.get("environment_variables", {}), **_read(path)}
    return {**config, "stages": {**stages, stage: {**section, "environment_variables": settings}}}


def file_of(stage: str) -> Path:
    """Return the path of a stage's file below the project."""
    return _FOLDER / f"{stage}.json"


def advice(project: Path, config: Config, stage: str) -> str | None:
    """Return a line that says how to move settings out of config.json, or None if it has only examples.

    ``config`` is config.json itself, without the settings of a file.
    """
    section = config.get("stages", {}).get(stage, {})
    present = {**config.get("environment_variables", {}), **section.get("environment_variables", {})}
    example = project / file_of(_EXAMPLE)
    shipped = {**(_read(example) if example.exists() else {}), "STAGE": stage}
    names = sorted(name for name, value in present.items() if shipped.get(name) != value)
    if not names:
        return None
    return (
        f"Move {', '.join(names)} of the stage {stage} from .chalice/config.json to {file_of(stage)}, so "
        "that upgrades need no merge. Both places work."
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        settings = strict_json.parse(path.read_bytes(), _BOUNDS, well_formed=True)
    except OSError as error:
        raise PackagingError(f"{path} cannot be read: {error.strerror}") from error
    except strict_json.InvalidJson as error:
        raise PackagingError(f"{path} {error}") from error
    if not isinstance(settings, dict):
        raise PackagingError(f'{path} must be a JSON object, for example {{"LOG_LEVEL": "INFO"}}')
    return settings
