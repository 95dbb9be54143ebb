"""The project packaged for the emulator: for this machine's processor, with settings of this machine."""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.aws import package
from infra.aws.package import Package
from infra.local.template import PROJECT_ROOT

STAGE = "dev"
_SHIPPED = ("app.py", "chalicelib", "requirements.txt", ".chalice", "infra/aws/template.yaml")
_ARCHITECTURES = {"aarch64": "arm64", "arm64": "arm64"}


def package_here(folder: Path, variables: Mapping[str, str]) -> Package:
    """Package a copy of the project, with ``variables`` among the settings of its development stage.

    Raises PackagingError.
    """
    project = folder / "project"
    for name in _SHIPPED:
        _copy(PROJECT_ROOT / name, project / name)
    _configure(project / ".chalice" / "config.json", variables)
    return package.build(project, STAGE, folder / "build")


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)


def _configure(path: Path, variables: Mapping[str, str]) -> None:
    config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    config["lambda_architecture"] = _ARCHITECTURES.get(platform.machine(), "x86_64")
    config["stages"][STAGE]["environment_variables"].update(variables)
    path.write_text(json.dumps(config), encoding="utf-8")
