"""Chalice's own commands, and what they need.

`chalice local` needs every setting. `chalice deploy` cannot make them. `chalice package` needs a region.
"""

import os
import sys
from collections.abc import Mapping, Sequence

from chalicelib.settings.gateway import AuthMode, GatewaySettings
from chalicelib.settings.known import known_settings, misspelt
from chalicelib.settings.reading import SettingsError
from chalicelib.settings.service import Settings

_WITH_VALUE = ("--project-dir",)
_MISSING = " is missing"


def check_command(environ: Mapping[str, str], arguments: Sequence[str]) -> None:
    """End this process with a sentence if Chalice's command cannot work. Other commands only package."""
    refusal = refusal_of(environ, arguments)
    if refusal is None:
        return
    sys.stderr.write(f"{refusal}\n")
    sys.stderr.flush()
    # `chalice local` imports the app in a thread, whose errors would leave a server without an app.
    os._exit(1)


def refusal_of(environ: Mapping[str, str], arguments: Sequence[str]) -> str | None:
    """Return the reason why a command of Chalice cannot work, and the command to type, or None."""
    command = _command(arguments)
    if command == "deploy":
        return (
            "`chalice deploy` cannot make the table and the keys. So TABLE_NAME and SIGNING_KEY_ID would "
            f"be missing: type `make deploy STAGE={_stage(arguments)}`."
        )
    if command == "package":
        return _packaging_refusal(environ, arguments)
    if command != "local" or not (problems := _problems(environ)):
        return None
    missing = [name for name, found, _ in (problem.partition(_MISSING) for problem in problems) if found]
    others = [problem for problem in problems if _MISSING not in problem]
    needs = f"`chalice local` needs {', '.join(missing) or 'valid settings'}"
    hint = f"{needs}: type `make run`, which sets everything, or set them in the environment."
    return "\n".join([*misspelt(environ, known_settings()), *others, hint])


def _problems(environ: Mapping[str, str]) -> list[str]:
    try:
        if GatewaySettings.from_environ(environ).auth_mode is AuthMode.OIDC:
            Settings.from_environ(environ)
    except SettingsError as error:
        return str(error).splitlines()
    return []


def _command(arguments: Sequence[str]) -> str | None:
    """Return the first word that is neither an option nor the value of one."""
    words = iter(arguments[1:])
    for word in words:
        if word in _WITH_VALUE:
            next(words, None)
        elif not word.startswith("-"):
            return word
    return None


def _stage(arguments: Sequence[str]) -> str:
    return _value(arguments, "--stage") or "dev"


def _value(arguments: Sequence[str], option: str) -> str | None:
    for word, after in zip(arguments, [*arguments[1:], None], strict=True):
        if word == option:
            return after
        if word.startswith(f"{option}="):
            return word.partition("=")[2]
    return None


def _packaging_refusal(environ: Mapping[str, str], arguments: Sequence[str]) -> str | None:
    # Imported here, because only this command needs it, and Chalice has loaded it.
    from botocore.exceptions import ProfileNotFound
    from botocore.session import Session

    profile, other = _value(arguments, "--profile"), f"type `make package STAGE={_stage(arguments)}`"
    try:
        if environ.get("AWS_DEFAULT_REGION") or Session(profile=profile).get_config_variable("region"):
            return None
    except ProfileNotFound as error:
        return f"`chalice package`: {error}. Name another one, or {other}, which needs none."
    needs = "`chalice package` needs a region: set AWS_DEFAULT_REGION, for example to us-east-1"
    return f"{needs}, or {other}, which needs none."
