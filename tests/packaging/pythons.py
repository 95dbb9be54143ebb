"""Every Python on this machine that Lambda may run, and what packages the project with it."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from infra.aws.package.python_runtime import SUPPORTED, host_python
from tests.packaging.fresh import ROOT

# Packages that `infra.aws.package.build` imports beyond those that ship.
_PACKAGING = ("chalice", "pyyaml")
_PYENV = Path.home() / ".pyenv" / "versions"
_NAME = re.compile(r"[A-Za-z0-9._-]+")

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
    """Make an environment that can package the project, as `make setup` makes its own; return its Python.

    Its packages are the locked ones.
    """
    requirements = folder / "packaging.txt"
    requirements.write_text("\n".join(_locked(ROOT / "requirements-dev.txt", _closure(_PACKAGING))))
    command = ["sh", "infra/make-venv", python, str(folder / "venv")]
    command += ["-r", "requirements.txt", "-r", str(requirements)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return folder / "venv" / "bin" / "python"


def _closure(names: tuple[str, ...]) -> set[str]:
    """Return the names and all that they require, as the tests' environment has them."""
    known, ahead = set[str](), list(names)
    while ahead:
        name = _normal(ahead.pop())
        if name in known:
            continue
        known.add(name)
        try:
            stated = requires(name) or []
        except PackageNotFoundError:  # required on other systems only
            continue
        ahead += [
            match.group() for each in stated if "extra ==" not in each and (match := _NAME.match(each))
        ]
    return known


def _locked(lock: Path, names: set[str]) -> Iterator[str]:
    """Yield the lines of a lock file that pin these packages, hashes included."""
    pinned = False
    for line in lock.read_text().splitlines():
        if match := _NAME.match(line):
            pinned = _normal(match.group()) in names
        if pinned and not line.lstrip().startswith("#"):
            yield line


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


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
