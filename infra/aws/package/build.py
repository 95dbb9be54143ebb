"""The command ``package``: build ``build/STAGE/template.json`` and ``deployment.zip``."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from chalicelib.settings.known import known_settings
from infra.aws.errors import PackagingError
from infra.aws.package import bundle
from infra.aws.package.alarms import with_alarms
from infra.aws.package.boundary import with_boundary
from infra.aws.package.challenges import with_challenges
from infra.aws.package.concurrency import with_concurrency
from infra.aws.package.edge import with_edge
from infra.aws.package.fixes import Template, corrected
from infra.aws.package.flushing import with_flushing
from infra.aws.package.function_policies import check_functions
from infra.aws.package.functions import with_functions
from infra.aws.package.pieces import with_pieces
from infra.aws.package.project_config import Config, changed_config, check_config, read_config
from infra.aws.package.publishing import with_publishing
from infra.aws.package.python_runtime import check_python
from infra.aws.package.settings_file import advice
from infra.aws.package.stage_settings import check_settings, settings_of
from infra.aws.package.sweeping import with_sweeping
from infra.aws.package.versions import parameter_defaults, with_callers_of_aliases, with_versions

PROJECT = Path(__file__).resolve().parents[3]
_TEMPLATE = PROJECT / "infra" / "aws" / "package" / "template.yaml"
_ZIP = "deployment.zip"


@dataclass(frozen=True)
class Package:
    """The files from which a stage is deployed."""

    template: Path
    code: Path
    size: int
    """In bytes."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the stage."""
    parser.add_argument("--stage", required=True)


def run(options: argparse.Namespace) -> None:
    """Package the stage into ``build/STAGE`` and print the files. Raises PackagingError."""
    built = build(PROJECT, options.stage, PROJECT / "build" / options.stage)
    tell_advice(PROJECT, options.stage)
    print(f"{built.template}\n{built.code}: {built.size:,} bytes of {bundle.MAX_BYTES:,}")


def tell_advice(project: Path, stage: str) -> None:
    """Say how to move settings of a stage out of config.json, if it has some. Raises PackagingError."""
    if line := advice(project, read_config(project), stage):
        print(line, file=sys.stderr)


def build(
    project: Path,
    stage: str,
    target: Path,
    *,
    architecture: str | None = None,
    python: str | None = None,
    settings: Mapping[str, str] | None = None,
) -> Package:
    """Package the project for a stage into the folder ``target``, which is replaced.

    ``architecture``, ``python`` and ``settings`` replace those of the stage. With `host_architecture` and
    `host_python`, this machine can run the package. Raises PackagingError.
    """
    config = changed_config(check_config(project, stage), stage, architecture, python, settings or {})
    check_settings(config, stage)
    check_python(config, stage)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    template = with_challenges(_by_chalice(project, config, stage, target), settings_of(config, stage))
    template = _complete(project, template)
    path, code = target / "template.json", target / _ZIP
    size = bundle.rewrite(code)
    template = with_versions(template, code.read_bytes(), parameter_defaults(template), {})
    path.write_text(json.dumps(template, indent=1) + "\n", encoding="utf-8")
    return Package(path, code, size)


def host_architecture() -> str:
    """Return Lambda's name for the processor of this machine."""
    return "arm64" if platform.machine() in {"aarch64", "arm64"} else "x86_64"


def _by_chalice(project: Path, config: Config, stage: str, target: Path) -> Template:
    """Return Chalice's template after a check against the configuration. Its zip is in ``target``."""
    with tempfile.TemporaryDirectory(prefix="bodhi-package-") as folder:
        copy = Path(folder) / "project"
        _copy(project, copy, config)
        _run_chalice(copy, stage, target)
    written = target / "sam.yaml"
    template: Template = yaml.safe_load(written.read_text(encoding="utf-8"))
    written.unlink()
    check_functions(config, stage, project / ".chalice", template)
    return template


def _copy(project: Path, copy: Path, config: Config) -> None:
    """Copy the files that Chalice reads. The copy has another configuration, and is deleted afterwards."""
    without_caches = shutil.ignore_patterns("__pycache__")
    shutil.copytree(project / "chalicelib", copy / "chalicelib", ignore=without_caches)
    for name in ("app.py", "requirements.txt"):
        shutil.copy(project / name, copy)
    (copy / ".chalice").mkdir()
    for policy in (project / ".chalice").glob("policy-*.json"):
        shutil.copy(policy, copy / ".chalice")
    (copy / ".chalice" / "config.json").write_text(json.dumps(config), encoding="utf-8")


def _complete(project: Path, template: Template) -> Template:
    policy = json.loads((project / ".chalice" / "policy-page.json").read_text(encoding="utf-8"))
    whole = with_functions(with_edge(corrected(with_pieces(template))), policy)
    whole = with_alarms(with_publishing(with_sweeping(with_flushing(whole))))
    return with_boundary(with_callers_of_aliases(with_concurrency(whole)))


def _run_chalice(copy: Path, stage: str, target: Path) -> None:
    command = [
        sys.executable,
        "-c",
        "import sys; from chalice.cli import main; sys.exit(main())",
        "package",
        "--stage",
        stage,
    ]
    command += ["--merge-template", str(_TEMPLATE), str(target)]
    # Chalice needs some region. Nothing in the package depends on an account or on a shell.
    ours = known_settings()
    kept = {n: value for n, value in os.environ.items() if n not in ours and not n.startswith("AWS_")}
    environment = {**kept, "AWS_DEFAULT_REGION": "us-east-1", "STAGE": stage}
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PackagingError(f"chalice package failed:\n{done.stderr.strip() or done.stdout.strip()}")
