"""Identifiers. They are random if guessing matters, and derived if two callers must agree."""

import hashlib
import json
import re
from collections.abc import Sequence
from datetime import datetime

# A decision compares ids and makes none, so the functions that make them import what they need.
API_TOKEN_PREFIX = "bodhi_"  # noqa: S105 - a prefix that makes leaks greppable, not a secret
MAX_API_TOKEN_LENGTH = 4096

# In the order of ASCII, so that ids sort as their numbers do. Without i, l, o and u, which people misread.
_BASE32_SORTED = "0123456789abcdefghjkmnpqrstvwxyz"
_TIME_CHARACTERS = 10
_RANDOM_CHARACTERS = 26
_LOGIN_RANDOM_CHARACTERS = 6
_BITS_PER_CHARACTER = 5

LOGIN_ID = re.compile(rf"[{_BASE32_SORTED}]{{{_TIME_CHARACTERS + _LOGIN_RANDOM_CHARACTERS}}}")
TOKEN_ID = re.compile(rf"tok_[{_BASE32_SORTED}]{{{_TIME_CHARACTERS + _RANDOM_CHARACTERS}}}")
JOB_ID = re.compile(rf"job_[{_BASE32_SORTED}]{{{_RANDOM_CHARACTERS}}}")
EVENT_ID = re.compile(rf"evt_[{_BASE32_SORTED}]{{{_RANDOM_CHARACTERS}}}")
USER_ID = re.compile(r"usr_[a-z2-7]{32}")


def new_token_id(now: datetime) -> str:
    """Return an id (the token's ``jti``) that sorts by creation time and holds 130 random bits."""
    return "tok_" + _sortable(now) + _random_base32(_RANDOM_CHARACTERS)


def new_event_id() -> str:
    """Return the id of an event. It is random, and never that of another event."""
    return "evt_" + _random_base32(_RANDOM_CHARACTERS)


def derived_event_id(*parts: str) -> str:
    """Return the id of an event that two processes may write. Both get the same id from the same parts."""
    return "evt_" + _derived_base32(parts)


def job_id_for(admin_id: str, idempotency_key: str) -> str:
    """Return the id of the job that an administrator starts with an idempotency key."""
    return "job_" + _derived_base32((admin_id, idempotency_key))


def was_made_before(token_id: str, moment: datetime) -> bool:
    """Return True if the token with this id was created before ``moment``, by the millisecond."""
    return token_id.removeprefix("tok_")[:_TIME_CHARACTERS] < _sortable(moment)


def new_login_id(now: datetime) -> str:
    """Return the id of a sign-in at the page. It is not secret, and sorts by the time of its beginning."""
    return _sortable(now) + _random_base32(_LOGIN_RANDOM_CHARACTERS)


def began_by(login_id: str, moment: datetime) -> bool:
    """Return True if the sign-in with this id began at ``moment`` or before."""
    return login_id[:_TIME_CHARACTERS] <= _sortable(moment)


def new_generation() -> str:
    """Return a fresh generation. It is random, so that an old one never comes back."""
    from secrets import token_urlsafe

    return token_urlsafe(12)


def user_id_for(issuer: str, subject: str, subject_claim: str = "sub") -> str:
    """Return the user id that is derived from an identity (OpenID Connect Core section 2).

    Two issuers may use the same subject, so the issuer is part of the identity. So is the claim's name
    unless it is ``sub``, because the values of different claims are different names.
    """
    # Ids of 0.1 are made of two parts. JSON keeps apart parts that would be one text if they were joined.
    parts = [issuer, subject] if subject_claim == "sub" else [issuer, subject_claim, subject]
    digest = hashlib.sha256(json.dumps(parts).encode()).digest()[:20]
    from base64 import b32encode

    return "usr_" + b32encode(digest).decode().lower()


def _sortable(moment: datetime) -> str:
    return _base32(round(moment.timestamp() * 1000), _TIME_CHARACTERS)


def _derived_base32(parts: Sequence[str]) -> str:
    digest = hashlib.sha256(json.dumps(parts).encode()).digest()
    bits = _RANDOM_CHARACTERS * _BITS_PER_CHARACTER
    return _base32(int.from_bytes(digest, "big") >> 256 - bits, _RANDOM_CHARACTERS)


def _random_base32(length: int) -> str:
    from secrets import randbits

    return _base32(randbits(length * _BITS_PER_CHARACTER), length)


def _base32(number: int, length: int) -> str:
    shifts = range((length - 1) * _BITS_PER_CHARACTER, -1, -_BITS_PER_CHARACTER)
    return "".join(_BASE32_SORTED[number >> shift & 31] for shift in shifts)
