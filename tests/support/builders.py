"""Tokens, users and requests with readable defaults."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain.administrators import Administrators
from chalicelib.domain.callers import Caller, Door
from chalicelib.domain.ids import new_generation, new_token_id, user_id_for
from chalicelib.domain.lines import Change, Ending
from chalicelib.domain.networks import RecordNetworks
from chalicelib.domain.scopes import DEFAULT_CATALOGUE
from chalicelib.domain.token_creation import TokenRequest, new_token
from chalicelib.domain.token_rules import CreationLimits, TokenRules
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import Identity, Role, User, UserStatus
from tests.support.clock import START

ISSUER = "https://login.example.com"

A_CALLER = Caller(Door.REST_REQUEST, "192.0.2.1", "curl/8.7.1", "GET", "/orders/7")

RULES = TokenRules(
    idle_timeout=timedelta(days=30),
    refresh_interval=timedelta(minutes=5),
    retention=timedelta(days=90),
    max_live_tokens=100,
    max_creations_per_day=500,
    max_lifetime=None,
    record_networks=RecordNetworks.PREFIX,
    catalogue=DEFAULT_CATALOGUE,
    administrators=Administrators(),
)


LIMITS = CreationLimits(RULES.max_live_tokens, RULES.max_creations_per_day, day_has_begun=False)


def an_identity(subject: str = "user@example.com", **changes: Any) -> Identity:
    """Return a person as the provider vouches for them."""
    identity = Identity(
        issuer=ISSUER,
        subject=subject,
        name="Una User",
        email=subject,
        role=Role.USER,
        issued_at=START,
    )
    return replace(identity, **changes)


def an_admin(subject: str = "admin@example.com", **changes: Any) -> User:
    """Return an active administrator by claim, who signed in at START."""
    return a_user(subject, **{"role": Role.ADMIN, "signed_in_at": START, "role_given_at": START, **changes})


def a_user(subject: str = "user@example.com", **changes: Any) -> User:
    """Return an active user who never signed in."""
    user = User(
        id=user_id_for(ISSUER, subject),
        issuer=ISSUER,
        subject=subject,
        name="Una User",
        email=subject,
        role=Role.USER,
        status=UserStatus.ACTIVE,
        generation=new_generation(),
        created_at=START,
        updated_at=START,
    )
    return replace(user, **changes)


def a_request(**changes: Any) -> TokenRequest:
    """Return a request for a token with both scopes and no expiry."""
    request = TokenRequest(name="ci", description="", scopes=None, lifetime=None)
    return replace(request, **changes)


def a_token(owner: User, now: datetime = START, **changes: Any) -> Token:
    """Return an active token of ``owner``."""
    token = new_token(new_token_id(now), owner, a_request(), now, RULES)
    return replace(token, **changes)


def an_ending(before: Token, after: Token, *, frees_place: bool = True) -> Ending:
    """Return the end of one token that never rotated itself."""
    return Ending((Change(before, after),), None, frees_place)
