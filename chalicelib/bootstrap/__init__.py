"""The composition root: it chooses the mode, and builds each part when the part is first needed.

Adapters are imported where they are built, so that the authorizer loads only what a decision needs.
"""

import sys
from functools import cache

from chalicelib import logs
from chalicelib.bootstrap.closed_mode import Service
from chalicelib.bootstrap.open_mode import OpenService
from chalicelib.settings import (
    AuthMode,
    GatewaySettings,
    is_authorizer,
    is_packaging,
    process_environ,
)

__all__ = ["Mode", "OpenService", "Service", "current", "gateway", "install", "service", "start"]

# Handlers may use what both classes have. The rest is reached by ``service``.
Mode = Service | OpenService

_installed: Mode | None = None


def gateway() -> GatewaySettings:
    """Return the settings that decide the shape of the API. Raises SettingsError."""
    return GatewaySettings.from_environ(process_environ())


def current() -> Mode:
    """Return the service of this process, in either mode. Raises SettingsError."""
    if _installed:
        return _installed
    # The gateway's settings decide the mode, because open mode has no others.
    is_open = gateway().auth_mode is AuthMode.NONE
    return install(OpenService() if is_open else Service(process_environ()))


def service() -> Service:
    """Return the service of this process. Raises SettingsError, or TokensUnavailable in open mode."""
    return current().service


def install(mode: Mode) -> Mode:
    """Make ``mode`` the one of this process and return it."""
    global _installed
    _installed = mode
    return mode


# Every deployed module starts the service, and ``app.py`` imports them all.
@cache
def start() -> None:
    """Begin to log and check the settings, unless the app is only being packaged. Do so once.

    An authorizer on Lambda builds its parts too, because Lambda gives the start more CPU than the calls.
    Raises SettingsError.
    """
    environ = process_environ()
    if is_packaging(environ):
        # Imported here, because no function on Lambda needs it.
        from chalicelib.settings.chalice_command import check_command

        check_command(environ, sys.argv)
    settings = gateway()
    logs.configure(settings.log_level, settings.log_allowed_percent)
    if is_packaging(environ):
        return
    mode = current()
    mode.check()
    if is_authorizer(environ):
        mode.prepare()
