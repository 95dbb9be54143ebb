"""Every Python on this machine that Lambda may run, and what packages the project with it."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from infra.aws.package.python_runtime import SUPPORTED, host_python
from tests.packaging.fresh import ROOT

_PYENV = Path.home() / ".pyenv" / "versions"

BUILD = """
import sys
from pathlib import Path
from infra.aws.package.build import build, host_architecture
from infra.aws.package.python_runtime import host_python
build(Path.cwd(), "dev", Path(sys.argv[1]), architecture=host_architecture(), python=host_python())
"""


def other_pythons() -> dict[str, str]:
    """Return the interpreters beside the one that runs the tests, by Lambda's identifier of each."""
    found = {name: next(filter(_works, _places(name)), "") for name in SUPPORTED if name != host_python()}
    return {name: path for name, path in found.items() if path}


def _places(name: str) -> Iterator[str]:
    """Yield where an interpreter may be: on the path, or among pyenv's, the newest first."""
    if path := shutil.which(name):
        yield path
    for folder in sorted(_PYENV.glob(f"{name.removeprefix('python')}.*"), key=_patch, reverse=True):
        yield str(folder / "bin" / name)


def _patch(folder: Path) -> int:
    return int(re.sub(r"\D.*", "", folder.name.rpartition(".")[2]) or 0)


def _works(path: str) -> bool:
    """Whether an interpreter starts and can make environments: a shim of pyenv may lead nowhere."""
    try:
        done = subprocess.run([path, "-c", "import ensurepip, venv"], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def environment(python: str, folder: Path) -> Path:
    """Make an environment that can package the project, as `make package` does; return its Python."""
    subprocess.run(
        ["sh", "infra/set-up", "commands", "--into", str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHON": python},
        check=True,
        capture_output=True,
        text=True,
    )
    return folder / ".venv" / "bin" / "python"


def built_with(python: Path, target: Path) -> Path:
    """Package the project with another Python; return the zip."""
    subprocess.run(
        [str(python), "-c", BUILD, str(target)],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    return target / "deployment.zip"
