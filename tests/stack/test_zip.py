"""The zip needs only an interpreter. Packages of the emulator could hide that a part is missing."""

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.packaging.fresh import ENVIRON, LAMBDA
from tests.support.control_plane import ControlPlane
from tests.support.deployed import Deployed

pytestmark = [pytest.mark.slow, pytest.mark.emulator]

_ALL_THAT_MAY_LOAD = """
service = bootstrap.current()
service.dynamodb, service.kms, service.http, service.oauth
service.login_provider, service.verify, service.issue, service.flush
"""


@pytest.fixture(scope="module")
def unpacked(
    deployment: tuple[Deployed, ControlPlane], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """Return the folder with the files of the zip."""
    folder = tmp_path_factory.mktemp("zip")
    with zipfile.ZipFile(deployment[0].package.code) as packed:
        packed.extractall(folder)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("module", ["app", "chalicelib.handlers.authorizer", "chalicelib.handlers.flush"])
def test_function_starts_from_the_zip_and_the_standard_library(unpacked: Path, module: str) -> None:
    """With compiled parts for this processor, all that a function may load later comes out of the zip."""
    script = f"import sys; sys.path.insert(0, {str(unpacked)!r})\nimport {module}\n"
    script += f"from chalicelib import bootstrap{_ALL_THAT_MAY_LOAD}"

    done = subprocess.run(
        # Without site-packages, and not the virtual environment's interpreter.
        [getattr(sys, "_base_executable", sys.executable), "-B", "-I", "-S", "-c", script],
        env={**LAMBDA, **ENVIRON},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
