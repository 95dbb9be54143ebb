"""The lines that the command ``users`` prints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

from chalicelib.domain.administrators import ROLE_LIFETIME, Administrators
from chalicelib.domain.identities import SubjectIdentifier
from chalicelib.domain.users import Role, User
from chalicelib.services.identities import MOST_USERS_READ, OutOfReach
from infra.aws.terminal import printable

HEADER = f"{'ID':36}  {'STATUS':8}  {'ROLE':5}  ISSUER  SUBJECT CLAIM  SUBJECT  NAME"

_TIME = "%Y-%m-%d %H:%M:%S UTC"


def identity(identifier: SubjectIdentifier) -> str:
    """Return an identity as text, with the subject in quotes."""
    return f"{_quoted(identifier.subject)} ({identifier.subject_claim}) at {identifier.issuer}"


def line(user: User, role: Role) -> str:
    """Return a user as one line. ``role`` is the role that counts now."""
    parts = [user.id, f"{user.status.value:8}", f"{role.value:5}", user.issuer, user.subject_claim]
    parts.append(_quoted(user.subject))
    if user.shown_name not in ("", user.subject):
        parts.append(_quoted(user.shown_name))
    return "  ".join(parts)


def json_line(user: User, role: Role) -> str:
    """Return a user as one line of JSON in ASCII, for other programs."""
    members = {
        "id": user.id,
        "status": user.status.value,
        "role": role.value,
        "issuer": user.issuer,
        "subject_claim": user.subject_claim,
        "subject": user.subject,
        "name": user.name,
        "email": user.email,
        "email_verified": user.email_verified,
        "created_at": user.created_at.isoformat(),
    }
    return json.dumps(members)


def details(user: User, administrators: Administrators, now: datetime) -> Iterator[str]:
    """Yield the lines about one user, one per attribute."""
    email = f"{_quoted(user.email)} ({'verified' if user.email_verified else 'unverified'})"
    rows = {
        "id": user.id,
        "status": user.status.value,
        "role": _role(user, administrators, now),
        # Version 0.1 recorded neither.
        "role given at": _time(user.role_given_at, absent="not recorded"),
        "newest sign-in": _time(user.signed_in_at, absent="not recorded"),
        "name": _quoted(user.name) if user.name else "none",
        "e-mail": email if user.email else "none",
        "issuer": user.issuer,
        "subject claim": user.subject_claim,
        "subject": user.subject,
        "ADMIN_SUBJECTS": _for_admin_subjects(user, administrators),
        "live tokens": f"at most {user.live_tokens:,}",
        "created": _time(user.created_at),
        "changed": _time(user.updated_at),
        "moved": _time(user.moved_at),
        "sessions ended": _time(user.sessions_ended_at),
        "removed": _time(user.removed_at),
    }
    for label, value in rows.items():
        yield f"{label:16}{value}"


def warning(found: OutOfReach, administrators: Administrators) -> Iterator[str]:
    """Yield a warning of users that no sign-in reaches, or nothing if all are reached."""
    if not found.counts:
        return
    users = counted(found.counts.total(), "active user")
    among = "" if found.is_complete else f" among the newest {MOST_USERS_READ:,} users"
    yield f"Warning: no sign-in reaches {users}{among}. Their API tokens work."
    for (issuer, subject_claim), count in found.counts.most_common():
        yield f"  {count:,} of {issuer} by {subject_claim}"
    yield f"Sign-ins are of {administrators.issuer} by {administrators.subject_claim}."
    yield 'See "Users that no sign-in reaches" in docs/operations.md.'


def counted(count: int, noun: str) -> str:
    """Return a number with its noun, such as "2 users"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _role(user: User, administrators: Administrators, now: datetime) -> str:
    if administrators.names(user.issuer, user.subject_claim, user.subject):
        return "admin, named in ADMIN_SUBJECTS"
    if user.role is not Role.ADMIN or user.role_given_at is None:
        return Role.USER.value
    until = _time(user.role_given_at + ROLE_LIFETIME)
    if administrators.role_of(user, now) is Role.ADMIN:
        return f"admin by ADMIN_CLAIM, until {until}"
    return f"user; admin by ADMIN_CLAIM until {until}"


def _for_admin_subjects(user: User, administrators: Administrators) -> str:
    """Return the subject as it goes into ADMIN_SUBJECTS, or the reason why it cannot."""
    if (user.issuer, user.subject_claim) != (administrators.issuer, administrators.subject_claim):
        return f"cannot name this user: only {administrators.subject_claim} at {administrators.issuer}"
    if "," in user.subject or user.subject != user.subject.strip():
        return "cannot name this user: it cannot hold a comma, or white space at the ends. Use ADMIN_CLAIM"
    if printable(user.subject) != user.subject:
        return "cannot be copied from here: the subject has characters that are shown escaped"
    return user.subject


def _time(moment: datetime | None, absent: str = "never") -> str:
    return f"{moment:{_TIME}}" if moment else absent


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
