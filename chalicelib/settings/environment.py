"""The environment of this process. Nothing else reads it."""

import os
from collections.abc import Mapping

_AUTHORIZERS = ("chalicelib.handlers.authorizer.", "chalicelib.handlers.front_doors.")


def process_environ() -> Mapping[str, str]:
    """Return the environment of this process."""
    return os.environ


def is_packaging(environ: Mapping[str, str]) -> bool:
    """Return True if Chalice's command line imports the app. The settings are not known then."""
    return "AWS_CHALICE_CLI_MODE" in environ


def is_authorizer(environ: Mapping[str, str]) -> bool:
    """Return True if this process is a Lambda function that is one of the authorizers."""
    return environ.get("_HANDLER", "").startswith(_AUTHORIZERS)
