"""The OpenID client's secret: a setting on this machine, on AWS in Secrets Manager or SSM."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain.errors import IdentityProviderUnavailable
from chalicelib.domain.frozen import Frozen, field
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.reasons import ProviderReason

MAX_AGE = timedelta(minutes=5)
# The least time between two reads: a secret that is wrong must not be read for each sign-in.
SPACING = timedelta(seconds=5)


class ClientSecret(Protocol):
    """The secret by which this service authenticates to the provider.

    Both calls raise IdentityProviderUnavailable.
    """

    def current(self) -> str | None:
        """Return the secret, or None for a public client."""
        ...

    def instead_of(self, refused: str | None) -> str | None:
        """Return the secret that has replaced one that the provider refused, or None."""
        ...


class FixedSecret(Frozen):
    """A secret that was given to the process, or None for a public client."""

    value: str | None = field(repr=False)

    def current(self) -> str | None:
        """Return the secret."""
        return self.value

    def instead_of(self, refused: str | None) -> str | None:
        """Return None: the process cannot get another one."""
        return None


class _Reading(Frozen):
    value: str = field(repr=False)
    at: datetime

    def is_within(self, age: timedelta, now: datetime) -> bool:
        # A clock that was set back tells nothing about the age.
        return timedelta(0) <= now - self.at < age


class StoredSecret:
    """A secret that is read at the first sign-in, and then kept for ``MAX_AGE``."""

    def __init__(self, read: Callable[[], str], clock: Clock) -> None:
        self._read = read
        self._clock = clock
        self._reading: _Reading | None = None

    def current(self) -> str:
        """Return the secret. Raises IdentityProviderUnavailable."""
        kept = self._reading
        return kept.value if kept and kept.is_within(MAX_AGE, self._clock.now()) else self._renewed()

    def instead_of(self, refused: str | None) -> str | None:
        """Read the secret again, unless it was read a moment ago. Raises IdentityProviderUnavailable."""
        kept = self._reading
        value = kept.value if kept and kept.is_within(SPACING, self._clock.now()) else self._renewed()
        return value if value != refused else None

    def _renewed(self) -> str:
        value = self._read()
        self._reading = _Reading(value, self._clock.now())
        return value


def stored_value(arn: str, client_of: Callable[[str, str], Any]) -> str:
    """Return the value of a secret in Secrets Manager, or of a parameter in SSM, by its ARN.

    ``client_of`` makes a client for a service and a region. White space around the value is not part of it.
    Raises IdentityProviderUnavailable (``client_secret_unreadable``); its fact is never the value.
    """
    service, region = arn.split(":")[2:4]
    try:
        client = client_of(service, region)
        if service == "ssm":
            value = client.get_parameter(Name=arn, WithDecryption=True).get("Parameter", {}).get("Value")
        else:
            # A secret of bytes has no SecretString.
            value = client.get_secret_value(SecretId=arn).get("SecretString")
    except ClientError as error:
        raise _unreadable(error.response["Error"].get("Code", "")) from error
    except BotoCoreError as error:
        raise _unreadable(type(error).__name__) from error
    if isinstance(value, str) and (secret := value.strip()):
        return secret
    raise _unreadable("no_text")


def _unreadable(cause: str) -> IdentityProviderUnavailable:
    return IdentityProviderUnavailable(ProviderReason.CLIENT_SECRET_UNREADABLE, {"cause": cause})
