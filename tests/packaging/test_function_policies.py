"""A function that is misspelt in the configuration does not get the API's policy unnoticed."""

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from infra.aws.errors import PackagingError
from infra.aws.package.build import build
from infra.aws.package.function_policies import check_functions
from infra.aws.package.python_runtime import host_python
from tests.packaging.fresh import ROOT

SIGNS, READS = {"Statement": ["sign"]}, {"Statement": ["read"]}
CONFIG = {
    "iam_policy_file": "policy-signs.json",
    "lambda_functions": {"token_authorizer": {"iam_policy_file": "policy-reads.json"}},
    "stages": {"dev": {}, "prod": {}},
}


def changed(**changes: Any) -> dict[str, Any]:
    """Return a configuration with changes to the stage that is packaged, or to the top."""
    config = copy.deepcopy(CONFIG)
    stage = changes.pop("stage", {})
    return {**config, **changes, "stages": {"dev": stage, "prod": {}}}


def written(authorizer: Any = READS, api: Any = SIGNS) -> dict[str, Any]:
    """Return a template as Chalice writes one, with these policies."""
    resources: dict[str, Any] = {}
    for name, handler, policy in (
        ("APIHandler", "app.app", api),
        ("TokenAuthorizer", "chalicelib.handlers.authorizer.token_authorizer", authorizer),
    ):
        resources[f"{name}Role"] = {
            "Type": "AWS::IAM::Role",
            "Properties": {"Policies": [{"PolicyDocument": policy}]},
        }
        properties = {"Handler": handler, "Role": {"Fn::GetAtt": [f"{name}Role", "Arn"]}}
        resources[name] = {"Type": "AWS::Serverless::Function", "Properties": properties}
    return {"Resources": resources}


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """Return a folder with both policies."""
    (tmp_path / "policy-signs.json").write_text(json.dumps(SIGNS))
    (tmp_path / "policy-reads.json").write_text(json.dumps(READS))
    return tmp_path


def test_policies_of_the_files_pass(policies: Path) -> None:
    """The API's is the one at the top, or one of its own."""
    check_functions(changed(), "dev", policies, written())
    own = {"api_handler": {"iam_policy_file": "policy-reads.json"}}
    check_functions(changed(stage={"lambda_functions": own}), "dev", policies, written(api=READS))


def test_stage_may_give_a_function_another_policy(policies: Path) -> None:
    """Chalice asks there first."""
    own = {"token_authorizer": {"iam_policy_file": "policy-signs.json"}}
    config = changed(stage={"lambda_functions": own})
    check_functions(config, "dev", policies, written(authorizer=SIGNS))
    with pytest.raises(PackagingError, match=r"token_authorizer must have the policy of policy-signs"):
        check_functions(config, "dev", policies, written())


@pytest.mark.parametrize("where", ["config.json", "stage dev", "stage prod"])
def test_name_of_no_function_stops_the_build(policies: Path, where: str) -> None:
    """Chalice would pass over it, in a stage that is packaged some other day too."""
    unknown = {"token_authoriser": {"iam_policy_file": "policy-reads.json"}}
    config = changed()
    section = config if where == "config.json" else config["stages"][where.removeprefix("stage ")]
    section["lambda_functions"] = section.get("lambda_functions", {}) | unknown
    with pytest.raises(PackagingError) as refused:
        check_functions(config, "dev", policies, written())
    assert str(refused.value) == (
        f"lambda_functions of {where} has an unknown key: token_authoriser. "
        "Known: api_handler, token_authorizer"
    )


def test_function_without_a_policy_of_its_own_stops_the_build(policies: Path) -> None:
    """Nobody meant a new function to sign."""
    config = changed(lambda_functions={"token_authorizer": {"lambda_timeout": 5}})
    with pytest.raises(PackagingError, match="token_authorizer has no iam_policy_file of its own"):
        check_functions(config, "dev", policies, written(authorizer=SIGNS))


@pytest.mark.parametrize("policy", [SIGNS, {"Statement": ["read", "more"]}, {}])
def test_any_other_policy_stops_the_build(policies: Path, policy: Any) -> None:
    """Whatever made Chalice take it."""
    with pytest.raises(PackagingError, match=r"must have the policy of policy-reads\.json and no other"):
        check_functions(changed(), "dev", policies, written(authorizer=policy))


def test_second_policy_stops_the_build(policies: Path) -> None:
    """What is proven is the file and nothing beside it."""
    template = written()
    template["Resources"]["APIHandlerRole"]["Properties"]["Policies"] *= 2
    with pytest.raises(PackagingError, match="api_handler must have"):
        check_functions(changed(), "dev", policies, template)


def test_policy_that_is_not_there_stops_the_build(policies: Path) -> None:
    """The message names the file."""
    (policies / "policy-reads.json").unlink()
    with pytest.raises(PackagingError, match=r"policy-reads\.json cannot be read"):
        check_functions(changed(), "dev", policies, written())


@pytest.mark.slow
def test_build_is_held_to_the_configuration(tmp_path: Path) -> None:
    """One letter in a name, and an authorizer could sign."""
    project = tmp_path / "project"
    shutil.copytree(ROOT / "chalicelib", project / "chalicelib")
    shutil.copytree(ROOT / ".chalice", project / ".chalice")
    for name in ("app.py", "requirements.txt"):
        shutil.copy(ROOT / name, project)
    config = project / ".chalice" / "config.json"
    config.write_text(config.read_text().replace("appsync_authorizer", "appsync_authoriser"))
    with pytest.raises(PackagingError, match="unknown key: appsync_authoriser"):
        build(project, "dev", tmp_path / "dev", python=host_python())
