"""Reuse: a rotated token is presented after its overlap, so it may be stolen."""

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock

from chalicelib import logs
from chalicelib.domain.errors import ApiTokensError, DependencyUnavailable
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.ports.tokens import RotationStore
from chalicelib.domain.revocations import RevocationReason
from chalicelib.domain.rotation import needs_reuse_record, reused
from chalicelib.domain.token_rules import TokenRules
from chalicelib.domain.tokens import Token
from chalicelib.services.revocation import RevokeToken
from chalicelib.services.uses import Uses

# A flood of reuse must not add to the failure that it meets.
_PAUSE_AFTER_FAILURE = timedelta(seconds=1)
_MOST_TOKENS = 10_000


class RecordReuse:
    """The reaction to reuse, and its count in the token's row by one write per refresh interval.

    ``respond`` is called before the count is written, because no reaction may depend on that write. It is
    called at most once per interval and process. If it returns False, the next reuse calls it again.
    """

    def __init__(
        self,
        store: RotationStore,
        clock: Clock,
        rules: TokenRules,
        respond: Callable[[Token], bool] | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._respond = respond
        self._uses = Uses()
        self._quiet = Until()

    def __call__(self, token: Token) -> None:
        """React to one reuse and record it as far as possible. The caller refuses the token anyway."""
        now = self._clock.now()
        self._uses.count(token.id, now.date())
        is_due = needs_reuse_record(token, now, self._rules)
        if is_due:
            count = sum(self._uses.of(token.id).values())
            ids = {"user_id": token.user_id, "token_id": token.id, "successor_id": token.successor_id}
            logs.warn("token.reused", **ids, family_id=token.family_id, count=count)
        self._react(token, now)
        if is_due:
            self._write(token)

    def _react(self, token: Token, now: datetime) -> None:
        if self._respond is None or self._quiet.holds(token.id, now):
            return
        is_done = self._respond(token)
        pause = self._rules.refresh_interval if is_done else _PAUSE_AFTER_FAILURE
        self._quiet.set(token.id, now, now + pause)

    def _write(self, token: Token) -> None:
        uses, is_written = self._uses.take(token.id), False
        try:
            count = sum(uses.values())
            is_written = self._store.record_reuse(token, reused(token, count, self._clock.now()))
        except DependencyUnavailable as error:
            # Best effort: the token is refused in any case, and the next reuse counts these uses too.
            logs.warn("token.reuse_not_recorded", token_id=token.id, reason=logs.cause(error))
        finally:
            if not is_written:
                self._uses.put_back(token.id, uses)


class RevokeFamily:
    """Revocation of a reused token's family. The thief and the owner cannot be told apart."""

    def __init__(
        self,
        rotations: RotationStore,
        revoke: RevokeToken,
        clock: Clock,
    ) -> None:
        self._rotations = rotations
        self._revoke = revoke
        self._clock = clock

    def __call__(self, token: Token) -> bool:
        """Revoke the family of ``token``. Log each failure, and return False if there was one."""
        now = self._clock.now()
        try:
            family = self._rotations.list_family(token.user_id, token.family_id or token.id)
        except DependencyUnavailable as error:
            logs.warn("token.family_not_revoked", token_id=token.id, reason=logs.cause(error))
            return False
        living = [relative for relative in family if relative.own_revocation(now) is None]
        # One failure must not keep the others alive.
        revoked = [self._revoked(relative.user_id, relative.id) for relative in living]
        return all(revoked)

    def _revoked(self, user_id: str, token_id: str) -> bool:
        try:
            is_revoked_now = self._revoke.by_ids(user_id, token_id, RevocationReason.REUSE)
        except ApiTokensError as error:
            logs.warn("token.family_not_revoked", token_id=token_id, reason=logs.cause(error))
            return False
        if is_revoked_now:
            logs.warn("token.family_revoked", user_id=user_id, token_id=token_id)
        return True


class Until:
    """Times until the next reaction to a token's reuse, for 10,000 tokens at most. Threads may share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._times: OrderedDict[str, tuple[datetime, datetime]] = OrderedDict()

    def set(self, token_id: str, now: datetime, until: datetime) -> None:
        """Note the time. The token that was noted longest ago makes room."""
        with self._lock:
            self._times[token_id] = now, until
            self._times.move_to_end(token_id)
            if len(self._times) > _MOST_TOKENS:
                self._times.popitem(last=False)

    def holds(self, token_id: str, now: datetime) -> bool:
        """Return True until the noted time. A clock that is set back ends it."""
        with self._lock:
            began, until = self._times.get(token_id, (now, now))
        return began <= now < until
