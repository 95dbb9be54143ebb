"""Holds what Chalice wrote to the configuration: every function is named there, and has that policy.

Chalice passes over names that are no function of the app. A function that has no policy of its own gets
the API's, and with it the right to sign.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.aws.errors import PackagingError
from infra.aws.package.functions import API, Resource, Template, functions_in, role_of
from infra.aws.package.project_config import Config, refuse_unknown

# What Chalice calls the function of all routes.
_API_NAME = "api_handler"


def check_functions(config: Config, stage: str, policies: Path, template: Template) -> None:
    """Compare the template with the configuration and the policies in a folder.

    Raises PackagingError for a name that no function has, and for a function whose role has another
    policy than that of the file that is meant for it.
    """
    resources = template["Resources"]
    functions = {_configured_name(name, resources[name]): name for name in functions_in(resources)}
    _refuse_unknown_names(config, frozenset(functions))
    for name, logical_id in functions.items():
        file = _policy_file(config, stage, name)
        role = resources[role_of(resources[logical_id])]["Properties"]
        if [each["PolicyDocument"] for each in role["Policies"]] != [_document(policies / file)]:
            raise PackagingError(f"The function {name} would not get the policy of {file} alone.")


def _configured_name(logical_id: str, function: Resource) -> str:
    """Return a function's name in ``lambda_functions``: the app registers each under its handler's."""
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
