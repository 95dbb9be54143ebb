"""Reads of one token: by its owner, or by the claims of a verified string."""

from chalicelib import logs
from chalicelib.domain.claims import Claims
from chalicelib.domain.errors import TokenNotFound
from chalicelib.domain.ids import TOKEN_ID
from chalicelib.domain.ports.tokens import AuthorizationStore, RotationStore, TokenStore
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
    rows: AuthorizationStore, rotations: RotationStore, claims: Claims
) -> tuple[Token | None, User | None]:
    """Return the token of a verified string and its owner. Raises DependencyUnavailable.

    If the row of a line's first token was deleted, return the newest token of the line instead.
    """
    token, owner = rows.find_for_authorization(claims.subject, claims.token_id)
    if token is None and owner:
        line, _ = rotations.find_rows(owner.id, (), claims.token_id)
        newest = rotations.find_rows(owner.id, line.token_ids[1:])[1] if line else ()
        token = newest[0] if newest else None
    # As for a decision: a string with another expiry than the row is not this token's.
    return (token, owner) if token and token.expires_at == claims.expires_at else (None, None)
