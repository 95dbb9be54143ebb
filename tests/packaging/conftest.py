"""One package of the development stage, for all tests that look at it."""

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from infra.aws.package import build as package
from infra.aws.package.build import Package, host_architecture
from infra.aws.package.python_runtime import host_python
from tests.packaging.fresh import ROOT


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """Return the package of the development stage."""
    return package.build(ROOT, "dev", tmp_path_factory.mktemp("build") / "dev", python=host_python())


@pytest.fixture(scope="session")
def runnable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return what Lambda sees, packaged for this machine, so that a process needs nothing else."""
    folder = tmp_path_factory.mktemp("runnable")
    built = package.build(
        ROOT, "dev", folder / "build", architecture=host_architecture(), python=host_python()
    )
    with zipfile.ZipFile(built.code) as packed:
        packed.extractall(folder / "task")
    return folder / "task"


@pytest.fixture(scope="session")
def unpacked(built: Package, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return what Lambda sees, but for compiled parts: those are for its processor, not for this one."""
    root = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(built.code) as packed:
        packed.extractall(root)
    for extension in list(root.rglob("*.so")):
        top = root / extension.relative_to(root).parts[0]
        if top.is_dir():
            shutil.rmtree(top)
        elif top.exists():
            top.unlink()
    return root


@pytest.fixture(scope="session")
def template(built: Package) -> dict[str, Any]:
    """Return the template of the development stage."""
    read: dict[str, Any] = json.loads(built.template.read_text())
    return read


@pytest.fixture(scope="session")
def resources(template: dict[str, Any]) -> dict[str, Any]:
    """Return the resources of the development stage."""
    found: dict[str, Any] = template["Resources"]
    return found


@pytest.fixture(scope="session")
def handlers(resources: dict[str, Any]) -> list[str]:
    """Return the entry point of every function in the template."""
    functions = [each for each in resources.values() if each["Type"] == "AWS::Serverless::Function"]
    found = {each["Properties"]["Handler"] for each in functions}
    assert len(found) >= 7
    return sorted(found)


@pytest.fixture(scope="session")
def definition(resources: dict[str, Any]) -> dict[str, Any]:
    """Return the definition of the development stage's API."""
    found: dict[str, Any] = resources["RestAPI"]["Properties"]["DefinitionBody"]
    return found
