"""Reuse: a rotated token is presented after its overlap, so it may be stolen."""

from chalicelib import logs
from chalicelib.domain.errors import ApiTokensError, DependencyUnavailable
from chalicelib.domain.events import SYSTEM
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.ports.tokens import RotationStore
from chalicelib.domain.revocations import RevocationReason
from chalicelib.domain.tokens import Token
from chalicelib.services.revocation import RevokeToken


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
            is_revoked_now = self._revoke.by_ids(user_id, token_id, RevocationReason.REUSE, SYSTEM)
        except ApiTokensError as error:
            logs.warn("token.family_not_revoked", token_id=token_id, reason=logs.cause(error))
            return False
        if is_revoked_now:
            logs.warn("token.family_revoked", user_id=user_id, token_id=token_id)
        return True
