"""The claims of a provider's JWT: the rules for a sign-in, and the person behind it."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from chalicelib import numeric_date
from chalicelib.adapters.oidc.machines import is_machine
from chalicelib.domain.admin_claims import AdminClaim
from chalicelib.domain.claims import TokenType
from chalicelib.domain.errors import SignInRefused
from chalicelib.domain.frozen import Frozen
from chalicelib.domain.reasons import SignInReason
from chalicelib.domain.text import is_valid_subject, profile_text
from chalicelib.domain.users import SIGN_IN_LEEWAY, Identity, Role
from chalicelib.logs import fact

Claims = Mapping[str, Any]

_MAX_PROFILE_LENGTH = 320
_KINDS = {TokenType.ID_TOKEN: "id", TokenType.ACCESS_TOKEN: "access"}


class ProviderRules(Frozen):
    """The rules for JWTs of the trusted provider.

    ``audiences`` are for bearers. An ID token at the page must be for ``client_id``. A JWT that lacks
    ``admin_claim`` takes the role away if its kind is in ``admin_claim_in`` (``id``, ``access``).
    """

    issuer: str
    audiences: Collection[str]
    client_id: str
    subject_claim: str = "sub"
    admin_claim: AdminClaim | None = None
    admin_claim_in: Collection[str] = ("id",)
    allow_machines: bool = False
    trust_provider_email: bool = False


def require_issuer(claims: Claims, issuer: str) -> None:
    """Check that ``iss`` is exactly this text. Raises SignInRefused."""
    if claims.get("iss") is None:
        raise SignInRefused(SignInReason.MISSING_CLAIM, {"claim": "iss"})
    if claims["iss"] != issuer:
        raise SignInRefused(SignInReason.WRONG_ISSUER)


def require_audience(claims: Claims, accepted: Collection[str]) -> None:
    """Check that ``aud`` names an accepted audience. Raises SignInRefused.

    An access token of Amazon Cognito has no ``aud``. Its ``client_id`` is compared instead.
    """
    if not any(audience in accepted for audience in _audiences(claims)):
        raise SignInRefused(SignInReason.WRONG_AUDIENCE)


def require_client(claims: Claims, client_id: str) -> None:
    """Check that the ID token was issued to this client. Raises SignInRefused.

    ``azp`` must name the client if it is present (OpenID Connect Core section 3.1.3.7).
    """
    require_audience(claims, {client_id})
    if claims.get("azp", client_id) != client_id:
        raise SignInRefused(SignInReason.WRONG_AUTHORIZED_PARTY, {"received_azp": fact(claims["azp"])})


def require_time(claims: Claims, now: datetime) -> None:
    """Check that the JWT is valid now, with ``SIGN_IN_LEEWAY`` at both ends. Raises SignInRefused."""
    # Shift our own time, because a time of theirs at the end of the calendar would overflow.
    if now - SIGN_IN_LEEWAY >= _time(claims, "exp"):
        raise SignInRefused(SignInReason.EXPIRED)
    starts = [_time(claims, name) for name in ("iat", "nbf") if name == "iat" or name in claims]
    if any(now + SIGN_IN_LEEWAY < start for start in starts):
        raise SignInRefused(SignInReason.NOT_YET_VALID)


def identity_of(claims: Claims, kind: TokenType | None, rules: ProviderRules) -> Identity:
    """Return the person that valid claims describe. Raises SignInRefused.

    ``kind`` None means that the JWT has marks of both an ID token and an access token.
    """
    if is_machine(claims) and not rules.allow_machines:
        raise SignInRefused(SignInReason.MACHINE)
    email, verified = _email(claims, rules)
    names = (_profile(claims.get(name)) for name in ("name", "preferred_username"))
    issued_at = _time(claims, "iat")
    return Identity(
        issuer=rules.issuer,
        subject=_subject(claims, rules.subject_claim),
        subject_claim=rules.subject_claim,
        name=next(filter(None, names), ""),
        email=email,
        email_verified=verified,
        role=_role(claims, kind, rules),
        # Rows keep whole milliseconds. With more, a JWT would always be newer than its own row.
        issued_at=issued_at.replace(microsecond=issued_at.microsecond // 1000 * 1000),
    )


def _audiences(claims: Claims) -> list[str]:
    audience = claims.get("aud")
    if audience is None and claims.get("token_use") == "access":
        audience = claims.get("client_id")
    named = audience if isinstance(audience, list) else [audience]
    return [one for one in named if isinstance(one, str)]


def _subject(claims: Claims, name: str) -> str:
    """Return the subject unchanged, because a cleaned subject might be another person's."""
    subject = claims.get(name)
    if subject is None:
        raise SignInRefused(SignInReason.MISSING_SUBJECT, {"subject_claim": fact(name)})
    if not isinstance(subject, str) or not is_valid_subject(subject):
        raise SignInRefused(SignInReason.INVALID_SUBJECT, {"subject_claim": fact(name)})
    return subject


def _email(claims: Claims, rules: ProviderRules) -> tuple[str, bool | None]:
    """Return the e-mail, and whether it is verified, or None if the provider does not say."""
    received, verified = claims.get("email"), claims.get("email_verified")
    email = _profile(received)
    if verified is None:
        verified = True if rules.trust_provider_email and email else None
    else:
        # Amazon Cognito sometimes writes the text "true".
        verified = verified is True or verified == "true"
    # If cleaning changed the address, the provider has verified another one.
    return email, False if verified and email != received else verified


def _role(claims: Claims, kind: TokenType | None, rules: ProviderRules) -> Role | None:
    """Return the role, or None if the JWT says nothing about it."""
    rule = rules.admin_claim
    if rule is None:
        return Role.USER
    given = rule.role_in(claims)
    if given is not None:
        return given
    distributed = claims.get("_claim_names")
    if isinstance(distributed, Mapping) and rule.path[0] in distributed:
        # Entra moves more than 200 groups to a link, so absence says nothing (Core section 5.6.2).
        return None
    return Role.USER if kind and _KINDS.get(kind) in rules.admin_claim_in else None


def _profile(value: object) -> str:
    return profile_text(value, _MAX_PROFILE_LENGTH) if isinstance(value, str) else ""


def _time(claims: Claims, name: str) -> datetime:
    if claims.get(name) is None and name != "nbf":
        raise SignInRefused(SignInReason.MISSING_CLAIM, {"claim": name})
    try:
        return numeric_date.read(claims[name])
    except ValueError as error:
        raise SignInRefused(SignInReason.MALFORMED, {"claim": name}) from error
