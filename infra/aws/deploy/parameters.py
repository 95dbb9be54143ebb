"""The parameters of a deployment: those given now, those of the last time, the template's defaults."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from infra.aws.errors import DeploymentError
from infra.aws.package.versions import parameter_defaults

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import ParameterTypeDef, StackTypeDef

SECRETS = {"OidcClientSecret": "OIDC_CLIENT_SECRET"}
"""Parameters that nobody may read over a shoulder, with the variable that each is taken from."""


def given_parameters(text: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Read ``Name=value Name="other value"`` and the secrets in the environment.

    An empty variable gives nothing: a pipeline without the secret must not take it away.
    Raises DeploymentError.
    """
    found = named_values(text, "PARAMETERS")
    for name, value in found.items():
        if value and name in SECRETS:
            raise DeploymentError(
                f"{name} is a secret: set {SECRETS[name]} in the environment, where no history keeps it."
            )
    return found | {name: environ[var] for name, var in SECRETS.items() if environ.get(var)}


def named_values(text: str, variable: str) -> dict[str, str]:
    """Read ``Name=value Name="other value"``, the value of a variable of make. Raises DeploymentError."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise DeploymentError(f"{variable} cannot be read: {error}.") from error
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not (name and equals) or name in found:
            raise DeploymentError(
                f"{variable} is made of Name=value, each once, with quotes around a value that has spaces: "
                f"{name!r} is not."
            )
        found[name] = value
    return found


def chosen_parameters(
    template: Mapping[str, Any], stack: StackTypeDef | None, given: Mapping[str, str]
) -> list[ParameterTypeDef]:
    """Return what the change set is made with; what is not given stays as it is.

    Raises DeploymentError for a name that the template does not have.
    """
    known = template.get("Parameters", {})
    unknown = sorted(given.keys() - known.keys())
    if unknown:
        raise DeploymentError(f"There is no parameter {unknown[0]}. Known: {', '.join(sorted(known))}")
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
    """Return each parameter as it will be deployed: given now, kept from the last time, or by default.

    CloudFormation masks the kept value of a secret.
    """
    before = stack.get("Parameters", []) if stack else []
    kept = {each["ParameterKey"]: each.get("ParameterValue", "") for each in before}
    defaults = parameter_defaults(template)
    return {name: given.get(name, kept.get(name, default)) for name, default in defaults.items()}
