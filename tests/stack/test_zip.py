"""The zip needs only an interpreter: packages of the emulator could hide that something is missing."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.packaging.fresh import ENVIRON, LAMBDA
from tests.support.deployed import Deployed

pytestmark = [pytest.mark.slow, pytest.mark.emulator]

_ALL_THAT_MAY_LOAD = """
service = bootstrap.current()
service.dynamodb, service.kms, service.http, service.oauth
service.login_provider, service.verify, service.issue, service.flushes
"""


@pytest.mark.parametrize("module", ["app", "chalicelib.handlers.authorizer", "chalicelib.handlers.flush"])
def test_function_starts_from_the_zip_and_the_standard_library(
    stack: Deployed, tmp_path: Path, module: str
) -> None:
    """With compiled parts for this processor, all that a function may load later comes out of the zip."""
    with zipfile.ZipFile(stack.package.code) as packed:
        packed.extractall(tmp_path)
    script = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\nimport {module}\n"
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
