"""A token is used that was rotated out: somebody holds what nobody should use any more."""

from collections.abc import Callable, Sequence

from chalicelib import logs
from chalicelib.domain.errors import ApiTokensError, DependencyUnavailable
from chalicelib.domain.ports import AuthorizationStore, Clock, RotationStore
from chalicelib.domain.rotation import needs_reuse_record, reused
from chalicelib.domain.tokens import RevocationReason, Token, TokenPolicy
from chalicelib.services.revocation import RevokeToken
from chalicelib.services.uses import Uses


class RecordReuse:
    """Counts reuse on the token's row, by at most one write per refresh interval.

    ``respond`` is called after each of these writes.
    """

    def __init__(
        self,
        store: RotationStore,
        clock: Clock,
        policy: TokenPolicy,
        respond: Callable[[Token], None] | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._policy = policy
        self._respond = respond
        self._uses = Uses()

    def record(self, token: Token) -> None:
        """Record one reuse as well as can be; the caller refuses the token whatever happens here."""
        now = self._clock.now()
        self._uses.count(token.id, now.date())
        if needs_reuse_record(token, now, self._policy) and self._is_written(token):
            self._uses.written(token.id)
            if self._respond:
                self._respond(token)

    def _is_written(self, token: Token) -> bool:
        count = sum(self._uses.of(token.id).values())
        ids = {"user_id": token.user_id, "token_id": token.id, "successor_id": token.successor_id}
        logs.warn("token.reused", **ids, family_id=token.family_id, count=count)
        try:
            return self._store.record_reuse(token, reused(token, count, self._clock.now()))
        except DependencyUnavailable as error:
            logs.warn("token.reuse_not_recorded", token_id=token.id, reason=logs.cause(error))
            return False


class RevokeFamily:
    """Revokes what still lives of a reused token's family: nobody can tell the thief from the owner."""

    def __init__(
        self,
        rotations: RotationStore,
        rows: AuthorizationStore,
        revocations: RevokeToken,
        clock: Clock,
    ) -> None:
        self._rotations = rotations
        self._rows = rows
        self._revocations = revocations
        self._clock = clock

    def revoke(self, token: Token) -> None:
        """Revoke the family of ``token`` as well as can be: what fails is logged."""
        now = self._clock.now()
        for relative in self._family(token):
            if relative.own_revocation(now) is None:
                self._revoke(relative)

    def _family(self, token: Token) -> Sequence[Token]:
        try:
            return self._rotations.list_family(token.user_id, token.family_id or token.id)
        except DependencyUnavailable as error:
            logs.warn("token.family_not_revoked", token_id=token.id, reason=logs.cause(error))
            return []

    def _revoke(self, relative: Token) -> None:
        user_id, token_id = relative.user_id, relative.id
        try:
            revoked = self._revocations.revoke(
                lambda: self._rows.find_for_authorization(user_id, token_id), RevocationReason.REUSE
            )
        except ApiTokensError as error:
            logs.warn("token.family_not_revoked", token_id=token_id, reason=logs.cause(error))
            return
        if revoked:
            logs.warn("token.family_revoked", user_id=user_id, token_id=token_id)
