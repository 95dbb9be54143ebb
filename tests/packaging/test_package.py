"""What a stage is deployed from: the zip, and the template that Chalice's is corrected to."""

import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from infra.aws import bundle, package
from infra.aws.errors import PackagingError
from infra.aws.fixes import TOKEN_HEADER, corrected
from infra.aws.package import Package
from infra.aws.project_config import check_config
from tests.packaging.fresh import ENVIRON, LAMBDA, ROOT
from tests.support.api import Api, api_of
from tests.support.service import MemoryService

HANDLERS = [
    "app",
    "chalicelib.handlers.authorizer",
    "chalicelib.handlers.flush",
    "chalicelib.handlers.front_doors",
]


@pytest.fixture(scope="module")
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
        "kms",
    }
    assert [n for n in names if re.search(r"(^|/)(tests?|infra|boto3|moto)/|\.env|\.pyi$", n)] == []


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
    compiled = next((unpacked / "chalicelib" / "__pycache__").glob("settings.*.pyc"))
    assert int.from_bytes(compiled.read_bytes()[4:8], "little") == 0b01


@pytest.mark.parametrize("module", HANDLERS)
def test_functions_start_from_what_ships(unpacked: Path, module: str) -> None:
    """Each function's module, and all that it may load later, comes out of the zip."""
    script = (
        f"import sys; sys.path.insert(0, {str(unpacked)!r}); import {module}; import chalicelib\n"
        "from chalicelib import bootstrap\n"
        "from chalicelib.adapters import aws\n"
        "service = bootstrap.current()\n"
        "service.dynamodb, service.kms, service.http\n"
        "service.login_provider, service.verify, service.issue, service.flushes\n"
        "aws.rest_apis_client(), aws.http_apis_client()\n"
        "import botocore\n"
        "print(chalicelib.__file__, botocore.__file__)"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-I", "-c", script],
        env={**LAMBDA, **ENVIRON},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert all(path.startswith(str(unpacked)) for path in done.stdout.split())


def test_the_same_content_gives_the_same_zip(built: Package, tmp_path: Path) -> None:
    """So a deployment without changes changes nothing."""
    again = shutil.copy(built.code, tmp_path / "again.zip")
    bundle.rewrite(Path(again))
    assert Path(again).read_bytes() == built.code.read_bytes()


def test_template_is_clean(built: Package) -> None:
    """cfn-lint, which translates what is written for SAM, has nothing to say."""
    done = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), built.template],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout + done.stderr == ""


def test_the_gateways_own_answers_are_in_the_definition(template: dict[str, Any]) -> None:
    """As resources they would come after the deployment that the stage shows."""
    types = {resource["Type"] for resource in template["Resources"].values()}
    assert "AWS::ApiGateway::GatewayResponse" not in types
    answers = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"][
        "x-amazon-apigateway-gateway-responses"
    ]
    assert answers["UNAUTHORIZED"]["statusCode"] == "401"
    assert "gatewayresponse.header.WWW-Authenticate" in answers["UNAUTHORIZED"]["responseParameters"]
    assert {"ACCESS_DENIED", "DEFAULT_4XX", "DEFAULT_5XX", "MISSING_AUTHENTICATION_TOKEN"} <= answers.keys()
    assert "statusCode" not in answers["DEFAULT_4XX"]


def test_strings_that_cannot_be_tokens_never_reach_the_authorizer(template: dict[str, Any]) -> None:
    """API Gateway compares the header itself, so such calls cost no Lambda."""
    definition = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]
    (scheme,) = definition["securityDefinitions"].values()
    authorizer = scheme["x-amazon-apigateway-authorizer"]
    assert authorizer["identityValidationExpression"] == TOKEN_HEADER
    assert authorizer["authorizerResultTtlInSeconds"] == 30


@pytest.fixture
def api() -> Any:
    """Call the app."""
    service = MemoryService()
    with api_of(service) as api:
        yield api, service.provider.sign_in("user@example.com")


def test_every_token_gets_past_the_gateways_own_look(api: tuple[Api, str]) -> None:
    """Under every spelling of the scheme; and what differs by a character does not."""
    caller, person = api
    for _ in range(20):
        token = caller.create_token(person)["token"]
        for scheme in ("Bearer", "bearer", "BEARER"):
            assert re.fullmatch(TOKEN_HEADER, f"{scheme} {token}")
        for other in (
            f"Basic {token}",
            f"Bearer  {token}",
            f"Bearer {token}=",
            token,
            f"Bearer {token[1:]}",
        ):
            assert not re.fullmatch(TOKEN_HEADER, other)


def scratch(tmp_path: Path, **changes: Any) -> Path:
    """Return a project with this project's configuration and changes to it."""
    config = json.loads((ROOT / ".chalice" / "config.json").read_text()) | changes
    (tmp_path / ".chalice").mkdir()
    (tmp_path / ".chalice" / "config.json").write_text(json.dumps(config))
    return tmp_path


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_stages_of_the_project_are_sound(stage: str) -> None:
    """What is committed can be packaged."""
    check_config(ROOT, stage)


def test_unknown_stage_stops_the_build(tmp_path: Path) -> None:
    """Chalice would package it with the defaults."""
    with pytest.raises(PackagingError, match=r"no stage 'staging'. Stages: dev, prod"):
        check_config(scratch(tmp_path), "staging")


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"lambda_memory": 512}, "config.json has a key that is not used here: lambda_memory"),
        ({"stages": {"dev": {"autogen": True}}}, "stage dev has a key that is not used here: autogen"),
        (
            {"stages": {"dev": {"lambda_functions": {"f": {"memory": 1}}}}},
            "stage dev, function f has a key that is not used here: memory",
        ),
        (
            {"lambda_functions": {"f": {"x": 1}}},
            "config.json, function f has a key that is not used here: x",
        ),
    ],
)
def test_unknown_key_stops_the_build(tmp_path: Path, changes: dict[str, Any], where: str) -> None:
    """Chalice would pass over it."""
    with pytest.raises(PackagingError, match=where):
        check_config(scratch(tmp_path, **changes), "dev")


@pytest.mark.parametrize("text", ["", "{"])
def test_unreadable_configuration_stops_the_build(tmp_path: Path, text: str) -> None:
    """The message names the file."""
    scratch(tmp_path)
    (tmp_path / ".chalice" / "config.json").write_text(text)
    with pytest.raises(PackagingError, match=r"config\.json cannot be read"):
        check_config(tmp_path, "dev")


@pytest.mark.parametrize(
    "name", ["chalicelib/.env", "chalicelib/notes.txt", "chalicelib/web/page.html.orig"]
)
def test_stray_file_stops_the_build(tmp_path: Path, name: str) -> None:
    """Chalice packs whatever lies in chalicelib."""
    code = tmp_path / "deployment.zip"
    with zipfile.ZipFile(code, "w") as packed:
        packed.writestr("app.py", "")
        packed.writestr("chalicelib/__init__.py", "")
        packed.writestr(name, "SECRET=1")
    with pytest.raises(PackagingError, match=re.escape(name)):
        bundle.rewrite(code)


def test_corrections_leave_the_rest_alone(template: dict[str, Any]) -> None:
    """A second correction finds nothing to do."""
    again = corrected(template)
    again["Resources"]["RestAPI"]["Properties"]["DefinitionBody"][
        "x-amazon-apigateway-gateway-responses"
    ] = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"][
        "x-amazon-apigateway-gateway-responses"
    ]
    assert again == template


def test_command_says_what_it_built_or_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    """One line for the person at the terminal, and an exit status for scripts."""
    assert package.main(["--stage", "nowhere"]) == 1
    assert capsys.readouterr().err == "There is no stage 'nowhere'. Stages: dev, prod\n"
