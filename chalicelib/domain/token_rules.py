"""The operator's rules for tokens."""

from datetime import UTC, datetime, time, timedelta

from chalicelib.domain.administrators import Administrators
from chalicelib.domain.errors import TooManyCreations
from chalicelib.domain.frozen import Frozen
from chalicelib.domain.networks import RecordNetworks
from chalicelib.domain.scopes import ScopeCatalogue
from chalicelib.domain.users import User

MAX_OVERLAP = timedelta(days=7)
MAX_LIFETIME = timedelta(days=3650)
LONGEST_RETENTION = timedelta(days=3650)
"""The longest time for which an operator may have events kept."""

_ALMOST_A_SECOND = timedelta(microseconds=999_999)


class TokenRules(Frozen):
    """The durations, the limits and the scopes that govern tokens, and the part of addresses to record."""

    idle_timeout: timedelta
    refresh_interval: timedelta
    retention: timedelta
    max_live_tokens: int
    max_creations_per_day: int
    max_lifetime: timedelta | None
    record_networks: RecordNetworks
    catalogue: ScopeCatalogue
    administrators: Administrators

    @property
    def longest_lifetime(self) -> timedelta:
        """The longest lifetime of a token that expires."""
        return self.max_lifetime or MAX_LIFETIME

    def creation_limits(self, owner: User, now: datetime) -> "CreationLimits":
        """Return the limits of the next token of ``owner``.

        Raises TooManyCreations if the day allows no more tokens.
        """
        created = owner.creations_on(now.date())
        limits = CreationLimits(self.max_live_tokens, self.max_creations_per_day, created > 0)
        if created >= limits.per_day:
            raise limits.exhausted(now)
        return limits

    def purge_time(self, end: datetime) -> datetime:
        """Return the time from which the row of a token that ends at ``end`` may be deleted.

        It is in whole seconds, rounded up, as DynamoDB's TTL counts.
        """
        return (end + self.retention + _ALMOST_A_SECOND).replace(microsecond=0)

    def generation_purge_time(self, end: datetime) -> datetime:
        """Return the time from which no row of a generation that ended at ``end`` is left."""
        # Until then, a use moved a row's time to the idle deadline, a rotation to the overlap's end.
        return self.purge_time(end + max(self.idle_timeout, MAX_OVERLAP))


class CreationLimits(Frozen):
    """The most live tokens of an owner, and the most creations and rotations on one UTC day.

    ``day_has_begun`` is true if the owner's row, as it was read, counts creations of the day already.
    """

    live_tokens: int
    per_day: int
    day_has_begun: bool

    def exhausted(self, now: datetime) -> TooManyCreations:
        """Return the refusal of any creation on the day of ``now``."""
        return TooManyCreations(self.per_day, rest_of_day(now))


def rest_of_day(now: datetime) -> timedelta:
    """Return the time until the next midnight UTC, at which counts per day begin anew."""
    return datetime.combine(now.date() + timedelta(days=1), time(), UTC) - now
