"""The example's template puts the authorizer on the server, and documentation and requirements fit it."""

import json
import re
import subprocess
import sys
from pathlib import Path

from docs.examples.mcp.server import PATH, READ, WRITE
from infra.local.template import PROJECT_ROOT
from tests.attach.cloudformation import Template, authorizers
from tests.attach.page import EXPORTS, GATEWAY, of_type, values_of
from tests.mcp.api import EXAMPLE, PROTECTED, paths_of, responses_of

PAGE = (PROJECT_ROOT / "docs" / "mcp.md").read_text(encoding="utf-8")
METADATA = f"/.well-known/oauth-protected-resource{PATH}"


def test_template_is_clean(translated: Template, tmp_path: Path) -> None:
    """After SAM, cfn-lint has nothing to say."""
    file = tmp_path / "template.json"
    file.write_text(json.dumps(translated))
    command = [Path(sys.executable).with_name("cfn-lint"), file]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout + done.stderr == ""


def test_authorizer_is_that_of_the_token_service(translated: Template) -> None:
    """It keeps decisions by token and address, and only this API may ask it by this permission."""
    (authorizer,) = authorizers(translated)
    authorizer.check()
    assert authorizer.kind == "REQUEST"
    imports = {source["Fn::Sub"] for source in values_of(translated, "Fn::ImportValue")}
    assert {name.replace("${TokenStack}", "TokenStack") for name in imports} <= EXPORTS.keys()
    permissions = [
        permission
        for permission in of_type(translated, "AWS::Lambda::Permission")
        if list(values_of(permission, "Fn::ImportValue"))
    ]
    (permission,) = permissions
    assert permission["Principal"] == GATEWAY
    assert "/authorizers/" in json.dumps(permission["SourceArn"])


def test_only_the_description_is_open(translated: Template) -> None:
    """A client reads it before it has a token."""
    protected = {
        path: [method["security"] == PROTECTED for method in methods.values()]
        for path, methods in paths_of(translated).items()
    }
    assert protected == {PATH: [True], METADATA: [False]}


def test_gateway_repeats_no_token(translated: Template) -> None:
    """API Gateway's own response for an unknown route has the Authorization header."""
    responses = responses_of(translated)
    bodies = {kind: each["responseTemplates"]["application/json"] for kind, each in responses.items()}
    assert {kind: json.loads(body)["status"] for kind, body in bodies.items()} == {
        "UNAUTHORIZED": 401,
        "ACCESS_DENIED": 403,
        "MISSING_AUTHENTICATION_TOKEN": 404,
    }
    assert "$context" not in json.dumps(bodies)


def test_example_and_lock_take_the_same_packages() -> None:
    """The tests run what the example installs. Neither the functions nor the local stack install it."""
    wanted = dict(
        re.findall(r"^([\w-]+)>=([\d.]+),", (EXAMPLE / "requirements.txt").read_text(), re.MULTILINE)
    )
    locked = dict(
        re.findall(
            r"^([\w-]+)==([\d.]+) ", (PROJECT_ROOT / "requirements-dev.txt").read_text(), re.MULTILINE
        )
    )
    assert sorted(wanted) == ["mangum", "mcp"]
    assert {name: locked[name].rpartition(".")[0] for name in wanted} == wanted
    for other in ("requirements.txt", "requirements-run.txt", "requirements-local.txt"):
        pinned = re.findall(r"^([\w-]+)==", (PROJECT_ROOT / other).read_text(), re.MULTILINE)
        assert wanted.keys().isdisjoint(pinned)


def test_page_names_what_the_example_has() -> None:
    """The scopes, as the token service's setting, and the parameters of the template."""
    blocks = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
    scopes = next(block for block in blocks if READ in block)
    assert {name: scope["opens"] for name, scope in scopes.items()} == {
        name: [f"* {PATH}"] for name in (READ, WRITE)
    }
    (configured,) = (block["mcpServers"] for block in blocks if "mcpServers" in block)
    (entry,) = configured.values()
    assert entry["headers"] == {"Authorization": "Bearer ${API_TOKEN}"}
    assert all(f"{name}=" in PAGE for name in ("TokenStack", "TokenIssuer", "BaseUrl"))
