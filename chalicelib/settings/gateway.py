"""The settings that decide the shape of the deployed API, which are known when it is packaged."""

import re
from collections.abc import Mapping
from enum import Enum

from chalicelib.domain.frozen import Frozen
from chalicelib.settings.reading import Reader

# These stages protect nothing of value. Open mode also opens the APIs behind the authorizers.
_OPEN_STAGES = frozenset({"dev", "local", "test"})
_MAX_CACHE_SECONDS = 3600  # API Gateway's own maximum for authorizerResultTtlInSeconds
_LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
# A stage of a REST API or of an HTTP API, as it stands in addresses of API Gateway's own API.
_STAGE = (
    r"restapis/[A-Za-z0-9]{1,64}/[A-Za-z0-9_-]{1,128}"
    r"|apis/[A-Za-z0-9]{1,64}/([A-Za-z0-9_-]{1,128}|\$default)"
)
# EventBridge API Reference, "CreateEventBus", without the slash that only names of partners have.
_BUS = r"[A-Za-z0-9._-]{1,256}"
_STAGES_EXAMPLE = "restapis/a1b2c3d4e5/prod,apis/f6g7h8i9j0/$default"


class AuthMode(Enum):
    """The way in which callers authenticate. ``none`` means that they do not."""

    OIDC = "oidc"
    NONE = "none"


class GatewaySettings(Frozen):
    """The shape of the deployed API.

    ``authorizer_cache_stages`` are other stages whose cached decisions also end with a revocation.
    Without ``event_bus_name``, no event is sent.
    """

    stage: str
    auth_mode: AuthMode
    authorizer_cache_seconds: int
    authorizer_cache_stages: tuple[str, ...]
    flush_calls_per_second: int
    flush_calls_burst: int
    event_bus_name: str | None
    log_level: str
    log_allowed_percent: int

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "GatewaySettings":
        """Return the settings in ``environ``.

        Raises SettingsError if one of them is missing or invalid.
        """
        return cls.read(Reader(environ))

    @classmethod
    def read(cls, read: Reader) -> "GatewaySettings":
        """Return the settings that a reader reads. Raises SettingsError."""
        settings = cls(
            stage=read.text("STAGE", r"[a-z][a-z0-9-]{0,19}", "dev", default="dev"),
            auth_mode=AuthMode(read.choice("AUTH_MODE", [mode.value for mode in AuthMode], "oidc")),
            authorizer_cache_seconds=read.number(
                "AUTHORIZER_CACHE_SECONDS", 0, _MAX_CACHE_SECONDS, default=30
            ),
            authorizer_cache_stages=_cache_stages(read),
            # API Gateway allows 10 calls a second and 40 at once, for everything in the account.
            flush_calls_per_second=read.number("FLUSH_CALLS_PER_SECOND", 1, 8, default=2),
            flush_calls_burst=read.number("FLUSH_CALLS_BURST", 1, 20, default=10),
            event_bus_name=_event_bus(read),
            log_level=read.choice("LOG_LEVEL", _LOG_LEVELS, "INFO"),
            log_allowed_percent=read.number("LOG_ALLOWED_PERCENT", 0, 100, default=100),
        )
        if settings.auth_mode is AuthMode.NONE and settings.stage not in _OPEN_STAGES:
            read.refuse("AUTH_MODE", f"must not be 'none' on stage {settings.stage}", "oidc")
        read.finish()
        return settings


def _cache_stages(read: Reader) -> tuple[str, ...]:
    stages = sorted(read.words("AUTHORIZER_CACHE_STAGES"))
    for stage in stages:
        if not re.fullmatch(_STAGE, stage):
            wrong = f"names {stage!r}, which is not a stage"
            read.refuse("AUTHORIZER_CACHE_STAGES", wrong, _STAGES_EXAMPLE)
    return tuple(stages)


def _event_bus(read: Reader) -> str | None:
    name = read.optional("EVENT_BUS_NAME")
    return read.text("EVENT_BUS_NAME", _BUS, "default") if name else None
