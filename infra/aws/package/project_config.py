"""Checks of ``.chalice/config.json``. Chalice itself ignores unknown keys and stages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.aws.errors import PackagingError
from infra.aws.package.settings_file import stages_of, with_settings_file

# The settings of Chalice that this project uses.
_ANYWHERE = frozenset(
    {
        "api_gateway_endpoint_type",
        "api_gateway_stage",
        # Settings belong to a stage, because its functions must agree about the issuer.
        "environment_variables",
        "lambda_architecture",
        "lambda_functions",
        # Chalice does not know this key. `python_runtime` checks the Python that packages against it.
        "lambda_python_version",
        "minimum_compression_size",
    }
)
_FUNCTION = frozenset({"iam_policy_file", "lambda_memory_size", "lambda_timeout", "reserved_concurrency"})
_TOP = _ANYWHERE | _FUNCTION | {"app_name", "autogen_policy", "stages", "version"}


Config = dict[str, Any]


def check_config(project: Path, stage: str) -> Config:
    """Return the configuration, with the settings of the stage's own file.

    Raises PackagingError if the stage is missing or does not exist, or if a key is not used here.
    """
    config = with_settings_file(project, read_config(project), stage)
    stages = config.get("stages", {})
    if stage not in stages:
        known = ", ".join(stages_of(project, config))
        if not stage:
            raise PackagingError(f"The stage is missing. Name one, for example STAGE=dev. Stages: {known}")
        raise PackagingError(f"The stage {stage!r} does not exist. Stages: {known}")
    refuse_unknown("config.json", config, _TOP)
    for name, section in stages.items():
        _refuse_overriding(name, section)
        refuse_unknown(f"stage {name}", section, _ANYWHERE)
        _check_functions(f"stage {name}", section)
    _check_functions("config.json", config)
    return config


def read_config(project: Path) -> Config:
    """Return config.json itself. Raises PackagingError if it cannot be read."""
    path = project / ".chalice" / "config.json"
    try:
        config: Config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PackagingError(f"{path} cannot be read: {error}") from error
    return config


def changed_config(
    config: Config,
    stage: str,
    architecture: str | None,
    python: str | None,
    settings: Mapping[str, str],
) -> Config:
    """Return the configuration with another processor, Python or settings for a stage."""
    section = dict(config["stages"][stage])
    section["environment_variables"] = {**section.get("environment_variables", {}), **settings}
    if architecture:
        section["lambda_architecture"] = architecture
    if python:
        section["lambda_python_version"] = python
    return {**config, "stages": {**config["stages"], stage: section}}


def refuse_unknown(where: str, section: Mapping[str, Any], known: frozenset[str]) -> None:
    """Raise PackagingError if a section has a key that is not known."""
    unknown = sorted(section.keys() - known)
    if unknown:
        names = ", ".join(sorted(known))
        raise PackagingError(f"{where} has an unknown key: {unknown[0]}. Known: {names}")


def _check_functions(where: str, section: Mapping[str, Any]) -> None:
    for name, function in section.get("lambda_functions", {}).items():
        refuse_unknown(f"{where}, function {name}", function, _FUNCTION)


def _refuse_overriding(stage: str, section: Mapping[str, Any]) -> None:
    # Chalice prefers the value of a stage to those in the common ``lambda_functions``.
    overriding = sorted(section.keys() & _FUNCTION)
    if overriding:
        raise PackagingError(
            f"stage {stage} must not set {overriding[0]}, because it would override each function's own. "
            "Set it in lambda_functions of the stage, for single functions."
        )
