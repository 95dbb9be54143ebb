"""Refused uses of genuine tokens: their count in the token's row, and the reaction to reuse."""

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock

from chalicelib import logs
from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.domain.frozen import replace
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.ports.tokens import AuthorizationStore
from chalicelib.domain.rotation import needs_reuse_record, reused
from chalicelib.domain.seen_networks import RefusedReason, refused_again
from chalicelib.domain.token_rules import TokenRules
from chalicelib.domain.tokens import Token
from chalicelib.services.uses import Uses

# A flood of reuse must not add to the failure that it meets.
_PAUSE_AFTER_FAILURE = timedelta(seconds=1)
_MOST_TOKENS = 10_000


class RecordRefusal:
    """The count of refused uses in the token's row, by one write per refresh interval.

    A rotated token that is used after its overlap is a reuse. It has a count of its own, in the same write.
    ``respond`` is called for a reuse before the count is written, because no reaction may depend on that
    write. It is called at most once per interval and process. If it returns False, the next reuse calls it
    again.
    """

    def __init__(
        self,
        store: AuthorizationStore,
        clock: Clock,
        rules: TokenRules,
        respond: Callable[[Token], bool] | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._respond = respond
        self._refused = Uses()
        self._reused = Uses()
        self._quiet = Until()

    def __call__(self, token: Token, reason: RefusedReason, network: str | None) -> None:
        """React to one refused use and record it as far as possible. The caller is refused anyway.

        ``network`` is the text to record for the caller's address.
        """
        now = self._clock.now()
        self._refused.count(token.id, now.date())
        is_due = self._is_due(token, reason, now)
        if reason is RefusedReason.ROTATED:
            self._reused.count(token.id, now.date())
            if is_due:
                self._warn(token)
            self._react(token, now)
        if is_due:
            self._write(token, reason, network)

    def _is_due(self, token: Token, reason: RefusedReason, now: datetime) -> bool:
        if reason is RefusedReason.ROTATED:
            return needs_reuse_record(token, now, self._rules)
        return token.refused is None or now - token.refused.last_at >= self._rules.refresh_interval

    def _warn(self, token: Token) -> None:
        count = sum(self._reused.of(token.id).values())
        ids = {"user_id": token.user_id, "token_id": token.id, "successor_id": token.successor_id}
        logs.warn("token.reused", **ids, family_id=token.family_id, count=count)

    def _react(self, token: Token, now: datetime) -> None:
        if self._respond is None or self._quiet.holds(token.id, now):
            return
        is_done = self._respond(token)
        pause = self._rules.refresh_interval if is_done else _PAUSE_AFTER_FAILURE
        self._quiet.set(token.id, now, now + pause)

    def _write(self, token: Token, reason: RefusedReason, network: str | None) -> None:
        now, is_reuse = self._clock.now(), reason is RefusedReason.ROTATED
        refusals = self._refused.take(token.id)
        reuses = self._reused.take(token.id) if is_reuse else {}
        count = sum(refusals.values())
        refused = refused_again(token.refused, reason, network, now, count, token.networks)
        after, is_written = replace(token, refused=refused), False
        if is_reuse:
            after = reused(after, sum(reuses.values()), now)
        try:
            is_written = self._store.record_refusal(token, after)
        except DependencyUnavailable as error:
            # Best effort: the token is refused in any case, and the next refusal counts these uses too.
            event = "token.reuse_not_recorded" if is_reuse else "token.refusal_not_recorded"
            logs.warn(event, token_id=token.id, reason=logs.cause(error))
        finally:
            if not is_written:
                self._refused.put_back(token.id, refusals)
                self._reused.put_back(token.id, reuses)


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
