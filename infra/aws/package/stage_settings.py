"""Checks of a stage's settings when it is packaged, with the code that reads them in Lambda."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from chalicelib.settings import AuthMode, GatewaySettings, Settings, SettingsError
from chalicelib.settings.known import known_settings, nearest
from infra.aws.errors import PackagingError
from infra.aws.package.project_config import Config

# The template sets these. The values stand for values that are not known yet.
_SET_BY_TEMPLATE = {
    "TABLE_NAME": "the-table",
    "SIGNING_KEY_ID": "the-key",
    "DERIVED_TOKEN_KEY_ID": "the-other-key",
}
_PARAMETERS = {
    "OIDC_CLIENT_SECRET": "is a secret. Set it in the environment of `make deploy`, which passes it as the "
    "parameter OidcClientSecret.",
    "OIDC_CLIENT_SECRET_ARN": "decides what the page may read. "
    "Use `make deploy PARAMETERS=OidcClientSecretArn=...`.",
    "ROTATED_TOKEN_REUSE": "decides what functions may do. "
    "Use `make deploy PARAMETERS=RotatedTokenReuse=...`.",
}
# Variables of Lambda and its tools.
_NOT_OURS = "AWS_"
# Lambda sets these itself and refuses a function that sets them (Developer Guide, "Defined runtime
# environment variables"). The reserved names without AWS_ are not settings of ours either.
_RESERVED = re.compile(
    r"AWS_(ACCESS_KEY(_ID)?|SECRET_ACCESS_KEY|SESSION_TOKEN|REGION|DEFAULT_REGION|EXECUTION_ENV"
    r"|LAMBDA_(?!EXEC_WRAPPER$).*)"
)
_MAX_BYTES = 4096
# The template adds the table's name, two ARNs of keys, ROTATED_TOKEN_REUSE, the API's own stage in
# AUTHORIZER_CACHE_STAGES, and the ARN of the OpenID client's secret.
_ROOM_BYTES = 1024


def settings_of(config: Config, stage: str) -> dict[str, str]:
    """Return the environment variables of a stage, merged as Chalice merges them."""
    section: Mapping[str, Any] = config["stages"][stage]
    return {**config.get("environment_variables", {}), **section.get("environment_variables", {})}


def complete(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the settings, with defaults for those that the template sets at deployment."""
    return {**_SET_BY_TEMPLATE, **settings}


def check_settings(config: Config, stage: str) -> None:
    """Raise PackagingError if a function of the stage would not start with its settings."""
    settings = settings_of(config, stage)
    problems = [*_refused(settings), *_unknown(settings), *_of_another_stage(settings, stage)]
    problems += _too_large(settings)
    problems = problems or _invalid(settings)
    if problems:
        raise PackagingError("\n".join(f"stage {stage}: {problem}" for problem in problems))


def _refused(settings: Mapping[str, Any]) -> list[str]:
    found = [f"{name} {why}" for name, why in _PARAMETERS.items() if name in settings]
    found += [f"{name} is set by the template. Remove it." for name in _SET_BY_TEMPLATE if name in settings]
    found += [f"{name} is set by Lambda. Remove it." for name in settings if _RESERVED.fullmatch(name)]
    return found + [
        f"{name} must be a string." for name, value in settings.items() if not isinstance(value, str)
    ]


def _unknown(settings: Mapping[str, Any]) -> list[str]:
    known = known_settings()
    unknown = [n for n in sorted(settings) if n not in known and not n.startswith(_NOT_OURS)]
    return [f"{name} is not a setting.{_like(name, known)}" for name in unknown]


def _like(name: str, known: frozenset[str]) -> str:
    close = nearest(name, known)
    return f" Did you mean {close}?" if close else ""


def _of_another_stage(settings: Mapping[str, Any], stage: str) -> list[str]:
    named = settings.get("STAGE")
    return [] if named == stage else [f"STAGE is {named!r}, but must be {stage!r}."]


def _too_large(settings: Mapping[str, Any]) -> list[str]:
    # Lambda measures names and values as one JSON object.
    size, most = _size(settings), _MAX_BYTES - _ROOM_BYTES
    if size <= most:
        return []
    name = max(settings, key=lambda each: _size({each: settings[each]}))
    return [
        f"The environment variables have {size:,} bytes, more than {most:,}. Lambda allows {_MAX_BYTES:,}, "
        f"and the template adds some. The largest variable is {name}."
    ]


def _size(settings: Mapping[str, Any]) -> int:
    return len(json.dumps(settings, separators=(",", ":"), ensure_ascii=False).encode())


def _invalid(settings: Mapping[str, str]) -> list[str]:
    try:
        if GatewaySettings.from_environ(settings).auth_mode is AuthMode.OIDC:
            Settings.from_environ(complete(settings))
    except SettingsError as error:
        return str(error).splitlines()
    return []
