"""The zip that a stage is deployed from: whole, small, compiled, the same every time."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import certifi
import pytest

from infra.__main__ import main
from infra.aws.errors import PackagingError
from infra.aws.package import build as package
from infra.aws.package import bundle
from infra.aws.package.build import Package
from tests.packaging.fresh import ENVIRON, LAMBDA, ROOT

HANDLERS = [
    "app",
    "chalicelib.handlers.authorizer",
    "chalicelib.handlers.events",
    "chalicelib.handlers.flush",
    "chalicelib.handlers.front_doors",
    "chalicelib.handlers.sweep",
]


def names_in(built: Package) -> list[str]:
    """Return the names of the files in the zip."""
    with zipfile.ZipFile(built.code) as packed:
        return packed.namelist()


pytestmark = pytest.mark.slow


def test_package_is_small(built: Package) -> None:
    """What is fetched at each cold start is bounded."""
    assert built.size == built.code.stat().st_size < bundle.MAX_BYTES


def test_package_is_for_arm64(built: Package, template: dict[str, Any]) -> None:
    """Code and functions agree on the processor."""
    extensions = [name for name in names_in(built) if name.endswith(".so") and "cpython" in name]
    assert extensions
    assert [name for name in extensions if "aarch64" not in name] == []
    functions = [r for r in template["Resources"].values() if r["Type"] == "AWS::Serverless::Function"]
    assert [f["Properties"]["Architectures"] for f in functions] == [["arm64"]] * len(functions)


def test_package_holds_the_project_and_what_it_needs(built: Package) -> None:
    """All that ships of the project's own, and nothing of tests, tools or other services of AWS."""
    names = set(names_in(built))
    own = {n for n in names if n == "app.py" or n.startswith("chalicelib/")}
    sources = {p.relative_to(ROOT).as_posix() for p in (ROOT / "chalicelib").rglob("*.py")} | {"app.py"}
    assert {name for name in own if name.endswith(".py")} == sources
    assert {n.split("/")[2] for n in names if n.startswith("botocore/data/") and n.count("/") > 2} == {
        "apigateway",
        "apigatewayv2",
        "dynamodb",
        "events",
        "kms",
        "secretsmanager",
        "sesv2",
        "ssm",
    }
    assert [n for n in names if re.search(r"(^|/)(tests?|infra|moto)/|\.env|\.pyi$", n)] == []
    assert [n for n in names if re.match("boto3/(data|examples)/", n)] == []
    assert [n for n in names if n.startswith("packages/") or "bodhi_tokens" in n] == []


def test_every_module_ships_compiled(built: Package) -> None:
    """Lambda's file system is read-only: what is not compiled here is compiled at each cold start."""
    names = set(names_in(built))
    tag = sys.implementation.cache_tag
    missing = [
        name
        for name in names
        if name.endswith(".py") and re.sub(r"([^/]+)\.py$", rf"__pycache__/\1.{tag}.pyc", name) not in names
    ]
    assert missing == []


def test_compiled_modules_are_used_whatever_the_time_of_their_source(unpacked: Path) -> None:
    """Times do not survive the zip, so these are checked by nothing at all (PEP 552)."""
    compiled = next((unpacked / "chalicelib" / "__pycache__").glob("strict_json.*.pyc"))
    assert int.from_bytes(compiled.read_bytes()[4:8], "little") == 0b01


@pytest.mark.parametrize("module", HANDLERS)
def test_functions_start_from_what_ships(unpacked: Path, module: str) -> None:
    """With all that may be loaded later. A package may only warn of another one that it misses."""
    script = (
        f"import os, sys; sys.path.insert(0, {str(unpacked)!r}); import {module}; import chalicelib\n"
        "from chalicelib import bootstrap\n"
        "from chalicelib.adapters import aws\n"
        "service = bootstrap.current()\n"
        "service.dynamodb, service.kms, service.http, aws.dynamodb_client()\n"
        "service.login_provider, service.verify, service.issue, service.flush\n"
        "aws.rest_apis_client(), aws.http_apis_client()\n"
        "import botocore\n"
        "from chalicelib.adapters.dynamodb.lean import trust\n"
        "assert type(service.dynamodb_once).__name__ == 'LeanDynamoDB'\n"
        "assert all(map(os.path.isfile, (trust.AMAZON, trust.certifi_file())))\n"
        "print(chalicelib.__file__, botocore.__file__, trust.AMAZON, trust.certifi_file())"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-B", "-I", "-c", script],
        env={**LAMBDA, **ENVIRON},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert all(path.startswith(str(unpacked)) for path in done.stdout.splitlines()[-1].split())


def test_the_same_content_gives_the_same_zip(built: Package, tmp_path: Path) -> None:
    """So a deployment without changes changes nothing."""
    again = shutil.copy(built.code, tmp_path / "again.zip")
    bundle.rewrite(Path(again))
    assert Path(again).read_bytes() == built.code.read_bytes()


def small_zip(folder: Path, *names: str) -> Path:
    """Return a zip as Chalice's, with the least that one has and files of other names."""
    code = folder / "deployment.zip"
    with zipfile.ZipFile(code, "w") as packed:
        packed.writestr("app.py", "")
        packed.writestr("chalicelib/__init__.py", "")
        packed.writestr("chalicelib/adapters/dynamodb/lean/__init__.py", "")
        packed.writestr("botocore/data/endpoints.json", '{"partitions": []}')
        packed.write(certifi.where(), "certifi/cacert.pem")
        for name in names:
            packed.writestr(name, "SECRET=1")
    return code


@pytest.mark.parametrize(
    "name", ["chalicelib/.env", "chalicelib/notes.txt", "chalicelib/web/page.html.orig"]
)
def test_stray_file_stops_the_build(tmp_path: Path, name: str) -> None:
    """Chalice packs whatever lies in chalicelib."""
    with pytest.raises(PackagingError, match=re.escape(name)):
        bundle.rewrite(small_zip(tmp_path, name))


def test_package_that_is_too_large_stops_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a byte already; the message has both figures."""
    size = bundle.rewrite(small_zip(tmp_path))
    monkeypatch.setattr(bundle, "MAX_BYTES", size)
    bundle.rewrite(small_zip(tmp_path))
    monkeypatch.setattr(bundle, "MAX_BYTES", size - 1)
    with pytest.raises(PackagingError, match=f"The package has {size:,} bytes, more than {size - 1:,}"):
        bundle.rewrite(small_zip(tmp_path))


def test_command_says_what_it_built_and_how_much_room_is_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever adds a dependency sees what it costs."""
    built = Package(Path("template.json"), Path("deployment.zip"), 9_876_543)
    monkeypatch.setattr(package, "build", lambda *_: built)
    assert main(["package", "--stage", "dev"]) == 0
    assert capsys.readouterr().out == "template.json\ndeployment.zip: 9,876,543 bytes of 10,000,000\n"


def test_command_says_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    """One line for the person at the terminal, and an exit status for scripts."""
    assert main(["package", "--stage", "nowhere"]) == 1
    assert capsys.readouterr().err == "The stage 'nowhere' does not exist. Stages: dev, prod\n"
