"""Checks the settings of a stage when it is packaged, by the very code that reads them in Lambda."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from chalicelib.settings import AuthMode, GatewaySettings, Settings, SettingsError
from infra.aws.errors import PackagingError
from infra.aws.project_config import Config

# What the template sets itself, with a value of the right kind instead of what is not known yet.
_SET_BY_TEMPLATE = {
    "TABLE_NAME": "the-table",
    "SIGNING_KEY_ID": "the-key",
    "DERIVED_TOKEN_KEY_ID": "the-other-key",
}
_PARAMETERS = {
    "OIDC_CLIENT_SECRET": "is a secret: set it in the environment of `make deploy`, which gives it to the "
    "parameter OidcClientSecret",
    "ROTATED_TOKEN_REUSE": "decides what functions may do: `make deploy PARAMETERS=RotatedTokenReuse=...`",
}
# Lambda's own and its tools'.
_NOT_OURS = "AWS_"


def settings_of(config: Config, stage: str) -> dict[str, str]:
    """Return the environment variables of a stage, as Chalice puts them together."""
    section: Mapping[str, Any] = config["stages"][stage]
    return {**config.get("environment_variables", {}), **section.get("environment_variables", {})}


def check_settings(config: Config, stage: str) -> None:
    """Raise PackagingError unless every function of the stage would start with its settings."""
    settings = settings_of(config, stage)
    problems = [*_refused(settings), *_unknown(settings), *_of_another_stage(settings, stage)]
    problems = problems or _senseless(settings)
    if problems:
        raise PackagingError("\n".join(f"stage {stage}: {problem}" for problem in problems))


def known_settings() -> frozenset[str]:
    """Return the name of every setting that there is: what the readers ask for."""
    asked = _Asked()
    for each in (GatewaySettings, Settings):
        try:
            each.from_environ(asked)
        except SettingsError:
            continue
    return frozenset(asked.names)


class _Asked(dict[str, str]):
    """An environment without variables that remembers which ones were looked for."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        """Remember the name."""
        self.names.add(name)
        return default


def _refused(settings: Mapping[str, Any]) -> list[str]:
    found = [f"{name} {why}" for name, why in _PARAMETERS.items() if name in settings]
    found += [f"{name} is set by the template: remove it" for name in _SET_BY_TEMPLATE if name in settings]
    return found + [
        f"{name} must be a string" for name, value in settings.items() if not isinstance(value, str)
    ]


def _unknown(settings: Mapping[str, Any]) -> list[str]:
    known = known_settings()
    unknown = [n for n in sorted(settings) if n not in known and not n.startswith(_NOT_OURS)]
    return [f"there is no setting {name}{_like(name, known)}" for name in unknown]


def _like(name: str, known: frozenset[str]) -> str:
    close = difflib.get_close_matches(name, sorted(known), n=1)
    return f"; is {close[0]} meant?" if close else ""


def _of_another_stage(settings: Mapping[str, Any], stage: str) -> list[str]:
    named = settings.get("STAGE")
    return [] if named == stage else [f"STAGE is {named!r} but must be {stage!r}"]


def _senseless(settings: Mapping[str, str]) -> list[str]:
    try:
        if GatewaySettings.from_environ(settings).auth_mode is AuthMode.OIDC:
            Settings.from_environ({**settings, **_SET_BY_TEMPLATE})
    except SettingsError as error:
        return str(error).splitlines()
    return []
