"""The creation of tokens."""

from datetime import datetime, timedelta

from chalicelib.domain.errors import LifetimeTooLong
from chalicelib.domain.frozen import Frozen, field
from chalicelib.domain.networks import Network
from chalicelib.domain.token_rules import TokenRules
from chalicelib.domain.tokens import Token, TokenState
from chalicelib.domain.users import User


class TokenRequest(Frozen):
    """A request for a new token.

    ``scopes`` None means the defaults. ``lifetime`` None means no expiry. If ``allowed_networks`` is empty,
    the token may be used from every address.
    """

    name: str
    description: str
    scopes: frozenset[str] | None
    lifetime: timedelta | None
    allowed_networks: tuple[Network, ...] = ()


class IdempotencyRecord(Frozen):
    """The record of a token that was created for an idempotency key and a request, kept as hashes."""

    key_hash: str
    body_hash: str
    token_id: str
    expires_at: datetime


class IssuedToken(Frozen):
    """A new token and its string. The string exists nowhere else and stays out of every ``repr``."""

    token: Token
    secret: str = field(repr=False)


def new_token(token_id: str, owner: User, request: TokenRequest, now: datetime, rules: TokenRules) -> Token:
    """Return the token that ``request`` asks for.

    Raises LifetimeTooLong, InvalidScope or ScopeNotAllowed.
    The expiry is in whole seconds, because ``exp`` is a NumericDate (RFC 7519 section 2).
    """
    lifetime = _allowed_lifetime(request.lifetime, rules)
    expires_at = now.replace(microsecond=0) + lifetime if lifetime else None
    token = Token(
        id=token_id,
        user_id=owner.id,
        generation=owner.generation,
        name=request.name,
        description=request.description,
        scopes=rules.catalogue.granted(request.scopes, rules.administrators.role_of(owner, now)),
        state=TokenState.ACTIVE,
        created_at=now,
        updated_at=now,
        # ``alive_since`` sets both below. They follow from the expiry.
        idle_at=now,
        purge_at=now,
        expires_at=expires_at,
        allowed_networks=request.allowed_networks,
    )
    return token.alive_since(now, rules)


def _allowed_lifetime(asked: timedelta | None, rules: TokenRules) -> timedelta | None:
    longest = rules.max_lifetime
    if longest is None or asked is None:
        return asked or longest
    if asked > longest:
        raise LifetimeTooLong(longest)
    return asked
