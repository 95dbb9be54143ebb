"""Responses of the OAuth endpoints, made of what the services return."""

from msgspec import UNSET

from chalicelib import numeric_date
from chalicelib.domain.claims import AccessToken, TokenType
from chalicelib.domain.scopes import write_scope
from chalicelib.domain.token_creation import IssuedToken
from chalicelib.handlers.oauth.resources import ExchangedToken, Introspection
from chalicelib.services.introspect import ActiveToken


def issued_token(issued: IssuedToken) -> ExchangedToken:
    """Return the response of an exchange that issued an API token."""
    token = issued.token
    lifetime = token.expires_at - token.created_at if token.expires_at else None
    return ExchangedToken(
        access_token=issued.secret,
        issued_token_type=TokenType.ACCESS_TOKEN.value,
        scope=write_scope(token.scopes),
        expires_in=int(lifetime.total_seconds()) if lifetime else UNSET,
        token_id=token.id,
    )


def derived_token(derived: AccessToken) -> ExchangedToken:
    """Return the response of an exchange that derived an access token."""
    return ExchangedToken(
        access_token=derived.secret,
        issued_token_type=TokenType.ACCESS_TOKEN.value,
        scope=write_scope(derived.claims.scopes),
        expires_in=int(derived.lifetime.total_seconds()),
    )


def introspection(active: ActiveToken | None, issuer: str) -> Introspection:
    """Return the response of an introspection; None stands for every token that may not be used."""
    if active is None:
        return Introspection(active=False)
    return Introspection(
        active=True,
        scope=write_scope(active.scopes),
        client_id=active.client_id or UNSET,
        token_type="Bearer",  # noqa: S106 - a word of RFC 6750
        exp=numeric_date.write(active.expires_at) if active.expires_at else UNSET,
        iat=numeric_date.write(active.issued_at),
        sub=active.subject,
        aud=active.audience,
        iss=issuer,
        jti=active.jti,
    )
