"""A check of Chalice's template: the configuration names each function, and its own policy.

Chalice ignores names that are not a function of the app. A function without a policy of its own gets the
policy of the API, which may sign.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.aws.errors import PackagingError
from infra.aws.package.functions import API, Resource, Template, functions_in, role_of
from infra.aws.package.project_config import Config, refuse_unknown

# Chalice's name for the function of all routes.
_API_NAME = "api_handler"


def check_functions(config: Config, stage: str, policies: Path, template: Template) -> None:
    """Compare the template with the configuration and the policies in a folder.

    Raises PackagingError for a name that is not a function, and for a role with another policy than that of
    the function's file.
    """
    resources = template["Resources"]
    functions = {_configured_name(name, resources[name]): name for name in functions_in(resources)}
    _refuse_unknown_names(config, frozenset(functions))
    for name, logical_id in functions.items():
        file = _policy_file(config, stage, name)
        role = resources[role_of(resources[logical_id])]["Properties"]
        if [each["PolicyDocument"] for each in role["Policies"]] != [_document(policies / file)]:
            raise PackagingError(
                f"The role of the function {name} must have the policy of {file} and no other."
            )


def _configured_name(logical_id: str, function: Resource) -> str:
    """Return the name of a function in ``lambda_functions``, which is that of its handler."""
    handler: str = function["Properties"]["Handler"]
    return _API_NAME if logical_id == API else handler.rpartition(".")[2]


def _refuse_unknown_names(config: Config, known: frozenset[str]) -> None:
    sections = {"config.json": config, **{f"stage {name}": each for name, each in config["stages"].items()}}
    for where, section in sections.items():
        refuse_unknown(f"lambda_functions of {where}", section.get("lambda_functions", {}), known)


def _policy_file(config: Config, stage: str, function: str) -> str:
    sections: list[Mapping[str, Any]] = [
        config["stages"][stage].get("lambda_functions", {}).get(function, {}),
        config.get("lambda_functions", {}).get(function, {}),
        *([config] if function == _API_NAME else []),
    ]
    for section in sections:
        if file := section.get("iam_policy_file"):
            return str(file)
    raise PackagingError(f"The function {function} has no iam_policy_file of its own in config.json.")


def _document(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PackagingError(f"{path} cannot be read: {error}") from error
