"""Builds what is deployed: ``build/<stage>/template.json`` and ``deployment.zip``."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from infra.aws import bundle
from infra.aws.alarms import with_alarms
from infra.aws.errors import PackagingError
from infra.aws.fixes import Template, corrected
from infra.aws.functions import with_functions
from infra.aws.project_config import check_config

PROJECT = Path(__file__).resolve().parents[2]
_ZIP = "deployment.zip"


@dataclass(frozen=True)
class Package:
    """What a stage is deployed from."""

    template: Path
    code: Path
    size: int
    """In bytes."""


def main(arguments: list[str] | None = None) -> int:
    """Build and say what was built."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stage", required=True)
    options = parser.parse_args(arguments)
    try:
        built = build(PROJECT, options.stage, PROJECT / "build" / options.stage)
    except PackagingError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{built.template}\n{built.code}: {built.size:,} bytes of {bundle.MAX_BYTES:,}")
    return 0


def build(project: Path, stage: str, target: Path) -> Package:
    """Package the project for a stage into the folder ``target``, which is replaced.

    Raises PackagingError.
    """
    check_config(project, stage)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    _run_chalice(project, stage, target)
    written = target / "sam.yaml"
    template = _complete(project, yaml.safe_load(written.read_text(encoding="utf-8")))
    written.unlink()
    path = target / "template.json"
    path.write_text(json.dumps(template, indent=1) + "\n", encoding="utf-8")
    code = target / _ZIP
    return Package(path, code, bundle.rewrite(code))


def _complete(project: Path, template: Template) -> Template:
    policy = json.loads((project / ".chalice" / "policy-page.json").read_text(encoding="utf-8"))
    return with_alarms(with_functions(corrected(template), policy))


def _run_chalice(project: Path, stage: str, target: Path) -> None:
    command = [sys.executable, "-c", "from chalice.cli import main; main()", "package", "--stage", stage]
    command += ["--merge-template", str(project / "infra" / "aws" / "template.yaml"), str(target)]
    # The region is only asked for; nothing of the template depends on it.
    environment = {"AWS_DEFAULT_REGION": "us-east-1", **os.environ, "STAGE": stage}
    done = subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise PackagingError(f"chalice package failed:\n{done.stderr.strip() or done.stdout.strip()}")


if __name__ == "__main__":
    sys.exit(main())
