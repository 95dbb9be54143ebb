"""Tokens from before the removal of their owner."""

from chalicelib.domain.revocations import EndedGeneration, RevocationReason
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User, UserStatus


def is_from_before_removal(token: Token, owner: User, ended: EndedGeneration | None) -> bool:
    """Return True if the owner was removed after the token was created.

    ``ended`` is the record of the token's generation, if that generation has ended.
    """
    if owner.status is UserStatus.REMOVED or (owner.returned_at and token.created_at < owner.returned_at):
        return True
    # 0.1 does not write ``returned_at``.
    return ended is not None and ended.revocation.reason is RevocationReason.USER_REMOVED
