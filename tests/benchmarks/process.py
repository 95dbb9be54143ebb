"""The environment of a process that measures: settings that make sense, and no way to a real account."""

import contextlib
import os
from collections.abc import Iterator, Mapping

from infra.local.environments import isolated
from tests.support.service import ENVIRON

# What Lambda sets for any function; it names the session of a role that nobody has.
LAMBDA = {
    "AWS_LAMBDA_FUNCTION_NAME": "authorizer",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_SESSION_TOKEN": "test",
}
_NOWHERE = "http://127.0.0.1:9"


def prepare() -> None:
    """Set up this process before any module of the app is imported; log lines go nowhere."""
    kept = isolated(os.environ, _NOWHERE)
    os.environ.clear()
    os.environ.update(kept, **ENVIRON, LOG_LEVEL="INFO")
    os.environ.pop("AUTH_MODE", None)
    # Lines are made and written, as in Lambda, where nobody has to read them.
    with contextlib.redirect_stdout(open(os.devnull, "w", encoding="utf-8")):
        import chalicelib.handlers.authorizer  # noqa: F401


@contextlib.contextmanager
def environment(changes: Mapping[str, str]) -> Iterator[None]:
    """Let AWS clients that are made meanwhile see these variables."""
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
