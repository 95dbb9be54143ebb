"""The end of tokens: by their owners, by bearers (RFC 7009), by leak reports and after reuse."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from chalicelib import logs
from chalicelib.domain.administrators import ActingAdmin
from chalicelib.domain.callers import Caller
from chalicelib.domain.claims import Claims
from chalicelib.domain.errors import (
    ConcurrentChange,
    DependencyUnavailable,
    InvalidToken,
    StoreUnavailable,
    UnreadableRow,
    UnsupportedTokenType,
)
from chalicelib.domain.events import Actor, ActorKind, EventType
from chalicelib.domain.ids import API_TOKEN_PREFIX
from chalicelib.domain.lines import Line, ending_of
from chalicelib.domain.ports.signing import AccessTokenVerifier, TokenVerifier
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.ports.tokens import AuthorizationStore, RotationStore, TokenStore
from chalicelib.domain.revocations import RevocationReason
from chalicelib.domain.token_rules import TokenRules
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User
from chalicelib.services.conflicts import ATTEMPTS, retry_on_conflict
from chalicelib.services.journal import Journal
from chalicelib.services.lines import find_members
from chalicelib.services.lookup import find_owned, find_presented

if TYPE_CHECKING:
    # Not loaded by authorizers, which revoke families alone.
    from chalicelib.domain.revocation_jobs import RevocationJob

MAX_REPORTED = 100


class RevokeToken:
    """The end of a token and of the tokens of its line that work. A revoked token stays as it is.

    A token whose row is damaged can be revoked too, although nothing else can be done with it.
    """

    def __init__(
        self,
        tokens: TokenStore,
        rotations: RotationStore,
        rows: AuthorizationStore,
        clock: Clock,
        rules: TokenRules,
        journal: Journal,
    ) -> None:
        self._tokens = tokens
        self._rotations = rotations
        self._rows = rows
        self._clock = clock
        self._rules = rules
        self._journal = journal

    def __call__(
        self,
        owner: User,
        token_id: str,
        reason: RevocationReason,
        actor: Actor,
        admin: ActingAdmin | None = None,
    ) -> None:
        """Revoke a token of ``owner`` and its line for good. ``admin`` is the administrator who does.

        Raises TokenNotFound, AdminRequired, ConcurrentChange or DependencyUnavailable.
        """
        self._ended(reason, actor, lambda: self._owned(owner, token_id), admin)

    def presented(self, claims: Claims, reason: RevocationReason, actor: Actor) -> bool:
        """Revoke the token of a verified string, and its line. Return True if anything ended now.

        Raises ConcurrentChange or DependencyUnavailable.
        """
        return self._ended(reason, actor, lambda: find_presented(self.find, self._rotations, claims))

    def by_ids(self, user_id: str, token_id: str, reason: RevocationReason, actor: Actor) -> bool:
        """Revoke a token and its line. Return True if anything ended now.

        Raises ConcurrentChange or DependencyUnavailable.
        """
        return self._ended(reason, actor, lambda: self.find(user_id, token_id))

    def by_job(self, user_id: str, token_id: str, job: "RevocationJob", admin: ActingAdmin) -> None:
        """Revoke a token and its line for a job. Their rows then name the job.

        Raises AdminRequired, ConcurrentChange or DependencyUnavailable.
        """
        self._ended(job.reason, job.actor, lambda: self.find(user_id, token_id), admin, job.id)

    def find(self, user_id: str, token_id: str) -> tuple[Token | None, User | None]:
        """Return a token and its owner. The token may be a DamagedToken. Raises DependencyUnavailable."""
        try:
            return self._rows.find_for_authorization(user_id, token_id)
        except UnreadableRow:
            return self._rotations.find_to_end(user_id, token_id)

    def _owned(self, owner: User, token_id: str) -> tuple[Token | None, User]:
        try:
            return find_owned(self._tokens, owner, token_id), owner
        except UnreadableRow:
            return self._rotations.find_to_end(owner.id, token_id)[0], owner

    def _ended(
        self,
        reason: RevocationReason,
        actor: Actor,
        find: Callable[[], tuple[Token | None, User | None]],
        admin: ActingAdmin | None = None,
        job_id: str | None = None,
    ) -> bool:
        """Revoke what ``find`` returns, with its line. Return True if anything ended now."""

        def end(*, as_read: bool) -> bool:
            return self._end(reason, actor, *find(), admin, job_id, as_read=as_read)

        try:
            return retry_on_conflict(lambda: end(as_read=True), ATTEMPTS - 1)
        except ConcurrentChange:
            # An owner who keeps pausing a token must not hold up its end. Only the state that its event
            # tells may be that of a moment before.
            return end(as_read=False)

    def _end(
        self,
        reason: RevocationReason,
        actor: Actor,
        token: Token | None,
        owner: User | None,
        admin: ActingAdmin | None,
        job_id: str | None,
        *,
        as_read: bool,
    ) -> bool:
        # A token of an earlier generation ended with it, and has the time and reason of that end.
        if token is None or owner is None or token.generation != owner.generation:
            return False
        members = find_members(self._rotations, token)
        now = self._clock.now()
        ending = ending_of(members, reason, now, self._rules, job_id)
        if ending is None:
            return False
        is_leak = reason is RevocationReason.EXPOSED
        kind = EventType.TOKEN_EXPOSED if is_leak else EventType.TOKEN_REVOKED
        events = [
            self._journal.about_token(kind, change.before, change.after, actor, now)
            for change in ending.changes
        ]
        try:
            self._tokens.end_line(ending, events, admin, as_read=as_read)
        except ConcurrentChange:
            if ending.line:
                self._stop(ending.line)
            raise
        others = [change.before.id for change in ending.changes if change.before.id != token.id]
        if others:
            logs.add(also_revoked=others)
        return True

    def _stop(self, line: Line) -> None:
        """Stop a line whose token keeps rotating itself, so that it cannot hold up its own end."""
        try:
            self._rotations.stop_line(line)
        except DependencyUnavailable as error:
            # The next attempt may end the line without this help.
            logs.warn("line.not_stopped", line_id=line.id, cause=logs.cause(error))


class RevokePresented:
    """Revocation by a bearer (RFC 7009). Every invalid string counts as revoked already."""

    def __init__(
        self, verifier: TokenVerifier, access_tokens: AccessTokenVerifier, revoke: RevokeToken
    ) -> None:
        self._verifier = verifier
        self._access_tokens = access_tokens
        self._revoke = revoke

    def __call__(self, unverified_token: str, caller: Caller) -> None:
        """Revoke an API token for good, if the string is one.

        Raises UnsupportedTokenType for an access token of this service, ConcurrentChange or
        StoreUnavailable.
        """
        try:
            # Only a genuine access token is refused. Any other string is as good as revoked.
            if not unverified_token.startswith(API_TOKEN_PREFIX):
                self._access_tokens.verify(unverified_token)
                raise UnsupportedTokenType
            claims = self._verifier.verify(unverified_token)
        except InvalidToken as error:
            logs.add(ignored=error.reason)
            return
        logs.add(user_id=claims.subject, token_id=claims.token_id)
        actor = Actor(ActorKind.TOKEN, claims.token_id, caller)
        logs.add(revoked=self._revoke.presented(claims, RevocationReason.OWNER, actor))


class RevokeExposed:
    """Revocation by leak reports. A string that this service did not sign costs no database read."""

    def __init__(self, verifier: TokenVerifier, revoke: RevokeToken) -> None:
        self._verifier = verifier
        self._revoke = revoke

    def __call__(self, unverified_tokens: Sequence[str], caller: Caller) -> Sequence[str]:
        """Revoke the genuine tokens among at most 100 candidates. Return the ids that were revoked now.

        Raises StoreUnavailable if some could not be read or revoked, after trying the others. Repeating
        the report revokes the rest.
        """
        reporter = Actor(ActorKind.REPORTER, caller=caller)
        revoked: list[str] = []
        failure: Exception | None = None
        for unverified_token in dict.fromkeys(unverified_tokens[:MAX_REPORTED]):
            try:
                claims = self._verifier.verify(unverified_token)
                if self._revoke.presented(claims, RevocationReason.EXPOSED, reporter):
                    revoked.append(claims.token_id)
            except InvalidToken:
                # Reports hold text from anywhere, so a string that is not a token is not an error.
                continue
            except (ConcurrentChange, DependencyUnavailable) as error:
                failure = error
        logs.add(candidates=len(unverified_tokens), revoked=len(revoked), token_ids=revoked)
        if failure:
            raise StoreUnavailable from failure
        return revoked
