"""Reads of one token: by its owner, or by the claims of a verified string."""

from collections.abc import Callable

from chalicelib import logs
from chalicelib.domain.claims import Claims
from chalicelib.domain.damaged_tokens import DamagedToken
from chalicelib.domain.errors import TokenNotFound
from chalicelib.domain.ids import TOKEN_ID
from chalicelib.domain.ports.tokens import RotationStore, TokenStore
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User


def find_owned(tokens: TokenStore, owner: User, token_id: str) -> Token:
    """Return a token of ``owner``. Raises TokenNotFound or DependencyUnavailable."""
    if not TOKEN_ID.fullmatch(token_id):
        raise TokenNotFound
    logs.add(token_id=token_id)
    token = tokens.find_token(owner.id, token_id)
    if token is None:
        raise TokenNotFound
    return token


def find_presented(
    find: Callable[[str, str], tuple[Token | None, User | None]], rotations: RotationStore, claims: Claims
) -> tuple[Token | None, User | None]:
    """Return the token of a verified string and its owner. Raises DependencyUnavailable.

    ``find`` reads both by the ids of the user and of the token. If the row of a line's first token was
    deleted, return the newest token of the line instead.
    """
    token, owner = find(claims.subject, claims.token_id)
    if token is None and owner:
        line, _ = rotations.find_rows(owner.id, (), claims.token_id)
        newest = rotations.find_rows(owner.id, line.token_ids[1:])[1] if line else ()
        token = newest[0] if newest else None
    if isinstance(token, DamagedToken):
        # Its expiry may be what cannot be read. The string was verified, and this only ends the token.
        return token, owner
    # As for a decision: a string with another expiry than the row is not this token's.
    return (token, owner) if token and token.expires_at == claims.expires_at else (None, None)
