"""The settings of the service. No other package reads the environment."""

from chalicelib.settings.environment import is_authorizer, is_packaging, process_environ
from chalicelib.settings.gateway import AuthMode, GatewaySettings
from chalicelib.settings.reading import SettingsError, is_loopback
from chalicelib.settings.service import RotatedTokenReuse, Settings

__all__ = [
    "AuthMode",
    "GatewaySettings",
    "RotatedTokenReuse",
    "Settings",
    "SettingsError",
    "is_authorizer",
    "is_loopback",
    "is_packaging",
    "process_environ",
]
