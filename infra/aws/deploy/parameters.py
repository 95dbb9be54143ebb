"""The parameters of a deployment: given now, kept from the last deployment, or by default."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from infra.aws.errors import DeploymentError
from infra.aws.package.versions import parameter_defaults

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import ParameterTypeDef, StackTypeDef

SECRETS = {"OidcClientSecret": "OIDC_CLIENT_SECRET"}
"""Secret parameters, each with the environment variable that holds its value."""


def given_parameters(text: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Read ``Name=value Name="other value"`` and the secrets in the environment.

    An empty variable changes nothing, because a pipeline without the secret must not remove it. Raises
    DeploymentError.
    """
    found = named_values(text, "PARAMETERS")
    for name, value in found.items():
        if value and name in SECRETS:
            raise DeploymentError(
                f"{name} is a secret. Set {SECRETS[name]} in the environment. A shell keeps commands."
            )
    return found | {name: environ[var] for name, var in SECRETS.items() if environ.get(var)}


def named_values(text: str, variable: str) -> dict[str, str]:
    """Return the values in ``Name=value Name="other value"`` by name. Raises DeploymentError.

    ``variable`` is the variable of make, for messages.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise DeploymentError(f"{variable} cannot be read: {error}.") from error
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not (name and equals) or name in found:
            raise DeploymentError(
                f"{variable} must be Name=value, each name once, with quotes around a value with spaces. "
                f"{name!r} is not valid."
            )
        found[name] = value
    return found


def chosen_parameters(
    template: Mapping[str, Any], stack: StackTypeDef | None, given: Mapping[str, str]
) -> list[ParameterTypeDef]:
    """Return the parameters of the change set. Those that are not given keep their values.

    Raises DeploymentError if the template does not have a parameter.
    """
    known = template.get("Parameters", {})
    unknown = sorted(given.keys() - known.keys())
    if unknown:
        raise DeploymentError(f"{unknown[0]} is not a parameter. Known: {', '.join(sorted(known))}")
    before = stack.get("Parameters", []) if stack else []
    kept = {parameter["ParameterKey"] for parameter in before} & known.keys() - given.keys()
    chosen: list[ParameterTypeDef] = [
        {"ParameterKey": name, "ParameterValue": given[name]} for name in sorted(given)
    ]
    chosen += [{"ParameterKey": name, "UsePreviousValue": True} for name in sorted(kept)]
    return chosen


def effective_values(
    template: Mapping[str, Any], stack: StackTypeDef | None, given: Mapping[str, str]
) -> dict[str, str]:
    """Return the value of each parameter that will be deployed: given now, kept, or the default.

    CloudFormation masks the kept value of a secret.
    """
    before = stack.get("Parameters", []) if stack else []
    kept = {each["ParameterKey"]: each.get("ParameterValue", "") for each in before}
    defaults = parameter_defaults(template)
    return {name: given.get(name, kept.get(name, default)) for name, default in defaults.items()}
