"""The template of docs/first-api.md passes SAM and cfn-lint, and its function greets the caller."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from infra.local.template import PROJECT_ROOT
from tests.attach.cloudformation import authorizers, read, transformed
from tests.attach.page import OUTPUTS, of_type

PAGE = (PROJECT_ROOT / "docs" / "first-api.md").read_text(encoding="utf-8")
TEMPLATE = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)[0]


def test_template_is_clean(tmp_path: Path) -> None:
    """cfn-lint has nothing to say, and the imported output exists."""
    file = tmp_path / "template.json"
    file.write_text(json.dumps(transformed(read(TEMPLATE))))
    command = [Path(sys.executable).with_name("cfn-lint"), file]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout + done.stderr == ""
    assert re.findall(r"bodhi-api-tokens-dev-(\w+)", TEMPLATE) == ["RestRequestAuthorizerAliasArn"]
    assert "RestRequestAuthorizerAliasArn" in OUTPUTS


def test_caches_keep_callers_apart() -> None:
    """By token and address."""
    (authorizer,) = authorizers(transformed(read(TEMPLATE)))
    authorizer.check()
    assert authorizer.ttl == 30


def test_function_greets_the_caller() -> None:
    """With the members of the authorizer's context."""
    (function,) = of_type(read(TEMPLATE), "AWS::Serverless::Function")
    module: dict[str, Any] = {}
    exec(function["InlineCode"], module)
    context = {"user_id": "usr_1", "scopes": "api:read"}
    response = module["handler"]({"requestContext": {"authorizer": context}}, None)
    assert json.loads(response["body"]) == {"hello": "usr_1", "scopes": "api:read"}
