"""The packages as they are published, and kept apart from the service."""

import json
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from chalicelib import __version__
from tests.packaging.pythons import other_pythons
from tests.support.node import node_with_packages

ROOT = Path(__file__).parents[2]
PYTHON, JAVASCRIPT = ROOT / "packages" / "python", ROOT / "packages" / "js"
JS_TESTS = Path(__file__).with_name("js")
PYPROJECT = tomllib.loads((PYTHON / "pyproject.toml").read_text())["project"]
MANIFEST = json.loads((JAVASCRIPT / "package.json").read_text())


def test_python_needs_nothing_but_python() -> None:
    """Cryptography comes with an extra, because the standard library has no ES256."""
    assert PYPROJECT["dependencies"] == []
    assert PYPROJECT["requires-python"] == ">=3.10"
    assert list(PYPROJECT["optional-dependencies"]) == ["jwt"]
    assert (PYTHON / "src" / "bodhi_tokens" / "py.typed").is_file()


def test_javascript_needs_nothing_but_node() -> None:
    """No dependency of any kind, and no script runs at its installation."""
    assert [name for name in MANIFEST if name.endswith("ependencies") or name == "scripts"] == []
    assert (MANIFEST["type"], MANIFEST["license"]) == ("module", PYPROJECT["license"])
    assert (JAVASCRIPT / MANIFEST["types"]).is_file()


def test_both_have_the_same_name_and_the_version_of_the_service() -> None:
    """They are published together."""
    assert PYPROJECT["name"] == MANIFEST["name"]
    assert [PYPROJECT["version"], MANIFEST["version"]] == [__version__] * 2


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-run.txt", "requirements-local.txt"])
def test_the_service_does_not_install_them(file: str) -> None:
    """Neither what is deployed nor ``make run``."""
    assert "bodhi" not in (ROOT / file).read_text()


def test_no_module_of_the_service_imports_them() -> None:
    """They are for backends. ``tests/packaging/test_bundle.py`` looks into the zip."""
    sources = [ROOT / "app.py", *(ROOT / "chalicelib").rglob("*.py"), *(ROOT / "infra").rglob("*.py")]
    assert [path for path in sources if "bodhi_tokens" in path.read_text()] == []


def test_it_is_built_with_all_its_files(tmp_path: Path) -> None:
    """The wheel has each module, the marker of its types and the license."""
    pytest.importorskip("setuptools")
    copy = tmp_path / "python"
    subprocess.run(["cp", "-R", str(PYTHON), str(copy)], check=True)
    options = ["--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--quiet"]
    command = [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", str(tmp_path), str(copy)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    with zipfile.ZipFile(next(tmp_path.glob("bodhi_tokens-*.whl"))) as wheel:
        names = wheel.namelist()
    modules = {f"bodhi_tokens/{path.name}" for path in (PYTHON / "src" / "bodhi_tokens").glob("*.py")}
    assert modules | {"bodhi_tokens/py.typed"} <= set(names)
    assert any(name.endswith("LICENSE") for name in names)


@pytest.mark.slow
def test_every_python_imports_it() -> None:
    """From the source alone, with warnings as errors, on the oldest Python too."""
    script = "import bodhi_tokens, bodhi_tokens.asgi, bodhi_tokens.wsgi"
    oldest = sorted((Path.home() / ".pyenv" / "versions").glob("3.10.*/bin/python"))[-1:]
    for python in [*map(str, oldest), *other_pythons().values()]:
        command = [
            python,
            "-W",
            "error",
            "-B",
            "-c",
            script,
        ]
        environment = {"PYTHONPATH": str(PYTHON / "src")}
        subprocess.run(command, env=environment, check=True, capture_output=True)


def test_npm_packs_what_is_imported() -> None:
    """Every module, the types, the license and the README, and nothing else."""
    node_with_packages(JS_TESTS)
    packed = subprocess.run(
        ["npm", "pack", "--dry-run", "--json", "--ignore-scripts", "--loglevel=error"],
        cwd=JAVASCRIPT, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    document = json.loads(packed.stdout)
    described = document[0] if isinstance(document, list) else next(iter(document.values()))
    files = {file["path"] for file in described["files"]}
    sources = {f"src/{path.name}" for path in (JAVASCRIPT / "src").iterdir()}
    assert files == sources | {"LICENSE", "README.md", "package.json"}
