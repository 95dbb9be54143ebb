"""The composition root: which parts make up the service, each built when it is first needed.

Adapters are imported where they are built, so that the authorizer loads only what a decision needs.
"""

from functools import cache

from chalicelib import logs
from chalicelib.bootstrap.open_mode import OpenService
from chalicelib.bootstrap.service import Service
from chalicelib.settings import (
    AuthMode,
    GatewaySettings,
    is_authorizer,
    is_packaging,
    process_environ,
)

__all__ = ["OpenService", "Service", "current", "gateway", "install", "start"]

_SERVICES: dict[AuthMode, type[Service]] = {AuthMode.OIDC: Service, AuthMode.NONE: OpenService}
_installed: Service | None = None


def gateway() -> GatewaySettings:
    """Return what decides the shape of the API. Raises SettingsError."""
    return GatewaySettings.from_environ(process_environ())


def current() -> Service:
    """Return the service of this process. Raises SettingsError."""
    return _installed or install(_SERVICES[gateway().auth_mode](process_environ()))


def install(service: Service) -> Service:
    """Make ``service`` the one of this process and return it."""
    global _installed
    _installed = service
    return service


# Every deployed module starts the service, and ``app.py`` imports them all.
@cache
def start() -> None:
    """Begin to log and check the settings, unless the app is only being packaged. Do so once.

    An authorizer on Lambda is made ready too: its start has more CPU than its calls have.
    Raises SettingsError.
    """
    settings = gateway()
    logs.configure(settings.log_level, settings.log_allowed_percent)
    environ = process_environ()
    if is_packaging(environ):
        return
    service = current()
    service.check()
    if is_authorizer(environ):
        service.prepare()
