"""How users, tokens and keys look as items; nothing above sees ``{"S": ...}``.

Times are whole milliseconds since the epoch, but for ``purge_at``: DynamoDB's TTL counts in seconds.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

from chalicelib.domain.keys import KeyRing, KeyState, KeyUse, VerificationKey
from chalicelib.domain.revocations import EndedGeneration, Revocation, RevocationReason
from chalicelib.domain.scopes import scope_string
from chalicelib.domain.sessions import PendingLogin, Session
from chalicelib.domain.token_creation import IdempotencyRecord
from chalicelib.domain.tokens import Token, TokenState
from chalicelib.domain.users import Role, User, UserStatus

if TYPE_CHECKING:
    # A decision never reads a line, so an authorizer does not load it.
    from chalicelib.domain.lines import Line

Item: TypeAlias = dict[str, dict[str, str]]

KEY_PARTITIONS = {KeyUse.API_TOKEN: "KEYS", KeyUse.ACCESS_TOKEN: "ACCESS_TOKEN_KEYS"}
FLUSHES = "FLUSHES"
IDENTITIES = "I#"
TOKENS = "T#"
LINES = "N#"
USERS_INDEX = "users"
USERS_PARTITION = "USERS"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def text(value: str) -> dict[str, str]:
    """Return a string attribute."""
    return {"S": value}


def number(value: int) -> dict[str, str]:
    """Return a number attribute."""
    return {"N": str(value)}


def time(value: datetime) -> dict[str, str]:
    """Return a time attribute, in milliseconds."""
    return number((value - _EPOCH) // _MILLISECOND)


def day(value: date) -> dict[str, str]:
    """Return a day attribute, whose order is that of the days."""
    return text(value.isoformat())


def purge_time(value: datetime) -> dict[str, str]:
    """Return a TTL attribute, in seconds."""
    return number((value - _EPOCH) // timedelta(seconds=1))


# One for each role: 0.1 changes the role alone, and a role must not count from the date of another one.
ROLE_GIVEN_AT: Mapping[Role, str] = {Role.ADMIN: "admin_given_at", Role.USER: "user_given_at"}


def user_key(user_id: str) -> Item:
    """Return the primary key of a user."""
    return {"pk": text(f"U#{user_id}"), "sk": text("#")}


def token_key(user_id: str, token_id: str) -> Item:
    """Return the primary key of a token."""
    return {"pk": text(f"U#{user_id}"), "sk": text(f"{TOKENS}{token_id}")}


def line_key(user_id: str, line_id: str) -> Item:
    """Return the primary key of a line."""
    return {"pk": text(f"U#{user_id}"), "sk": text(f"{LINES}{line_id}")}


def idempotency_key(user_id: str, key_hash: str) -> Item:
    """Return the primary key of an idempotency record."""
    return {"pk": text(f"U#{user_id}"), "sk": text(f"I#{key_hash}")}


def generation_key(user_id: str, generation: str) -> Item:
    """Return the primary key of the record of an ended generation."""
    return {"pk": text(f"U#{user_id}"), "sk": text(f"G#{generation}")}


def reactivations_key(user_id: str, day: date) -> Item:
    """Return the primary key of the count of a user's re-activations on a UTC day."""
    return {"pk": text(f"U#{user_id}"), "sk": text(f"R#{day.isoformat()}")}


def key_ring_key(use: KeyUse) -> Item:
    """Return the primary key of a ring's head, which sorts before every ``kid``."""
    return {"pk": text(KEY_PARTITIONS[use]), "sk": text("#")}


def signing_key_key(use: KeyUse, kid: str) -> Item:
    """Return the primary key of a signing key's public half."""
    return {"pk": text(KEY_PARTITIONS[use]), "sk": text(kid)}


def login_key(id_hash: str) -> Item:
    """Return the primary key of a sign-in under way."""
    return {"pk": text(f"L#{id_hash}"), "sk": text("#")}


def session_key(id_hash: str) -> Item:
    """Return the primary key of a session."""
    return {"pk": text(f"S#{id_hash}"), "sk": text("#")}


def identity_key(derived_id: str) -> Item:
    """Return the primary key of an identity row, which leads an identity to a moved user."""
    return {"pk": text(f"{IDENTITIES}{derived_id}"), "sk": text("#")}


def identity_item(derived_id: str, user_id: str) -> Item:
    """Return the identity row that leads an identity to a user."""
    return identity_key(derived_id) | {"user_id": text(user_id)}


def flush_budget_key() -> Item:
    """Return the primary key of the budget of flushes.

    0.1 keeps a row per stage beside it, ``restapis/...`` or ``apis/...``. Those are ignored.
    """
    return {"pk": text(FLUSHES), "sk": text("budget")}


def user_item(user: User) -> Item:
    """Return a user as an item."""
    item = user_key(user.id) | {
        "issuer": text(user.issuer),
        "subject": text(user.subject),
        "subject_claim": text(user.subject_claim),
        "name": text(user.name),
        "email": text(user.email),
        "role": text(user.role.value),
        "status": text(user.status.value),
        "generation": text(user.generation),
        "created_at": time(user.created_at),
        "updated_at": time(user.updated_at),
        "live_tokens": number(user.live_tokens),
        "revision": number(user.revision),
        "users_pk": text(USERS_PARTITION),
        "users_sk": text(user.position),
    }
    if user.email_verified:
        item["verified_email"] = text(user.email)
    if user.created_day:
        item["created_day"] = day(user.created_day)
        item["creations"] = number(user.creations)
    if user.full_until:
        item["full_count"] = number(user.full_count)
    return item | _times(
        removed_at=user.removed_at,
        sessions_ended_at=user.sessions_ended_at,
        signed_in_at=user.signed_in_at,
        moved_at=user.moved_at,
        full_until=user.full_until,
        **{ROLE_GIVEN_AT[user.role]: user.role_given_at},
    )


def read_user(item: Mapping[str, Mapping[str, str]]) -> User:
    """Return the user that an item holds."""
    role = Role(item["role"]["S"])
    return User(
        id=item["pk"]["S"].removeprefix("U#"),
        issuer=item["issuer"]["S"],
        subject=item["subject"]["S"],
        name=item["name"]["S"],
        email=item["email"]["S"],
        role=role,
        status=UserStatus(item["status"]["S"]),
        generation=item["generation"]["S"],
        created_at=_read_time(item["created_at"]),
        updated_at=_read_time(item["updated_at"]),
        live_tokens=int(item["live_tokens"]["N"]),
        revision=int(item["revision"]["N"]),
        removed_at=_read_optional_time(item, "removed_at"),
        sessions_ended_at=_read_optional_time(item, "sessions_ended_at"),
        # Rows of 0.1 lack the claim's name: their claim is ``sub``.
        subject_claim=item.get("subject_claim", {"S": "sub"})["S"],
        # 0.1 changes the e-mail and leaves this attribute, so compare the addresses.
        email_verified=item.get("verified_email") == item["email"],
        signed_in_at=_read_optional_time(item, "signed_in_at"),
        role_given_at=_read_optional_time(item, ROLE_GIVEN_AT[role]),
        moved_at=_read_optional_time(item, "moved_at"),
        created_day=date.fromisoformat(item["created_day"]["S"]) if "created_day" in item else None,
        creations=_read_count(item, "creations"),
        full_until=_read_optional_time(item, "full_until"),
        full_count=_read_count(item, "full_count"),
    )


def token_item(token: Token) -> Item:
    """Return a token as an item."""
    item = token_key(token.user_id, token.id) | {
        "generation": text(token.generation),
        "name": text(token.name),
        "description": text(token.description),
        "scope": text(scope_string(token.scopes)),
        "state": text(token.state.value),
        "created_at": time(token.created_at),
        "updated_at": time(token.updated_at),
        "idle_at": time(token.idle_at),
        "purge_at": purge_time(token.purge_at),
        "version": number(token.version),
    }
    if token.usage:
        item["usage"] = text(" ".join(f"{day}={count}" for day, count in token.usage.items()))
    if token.revocation:
        item["revoked_reason"] = text(token.revocation.reason.value)
        item["revoked_at"] = time(token.revocation.at)
    if token.reuse_count:
        item["reuse_count"] = number(token.reuse_count)
    item |= _texts(
        predecessor_id=token.predecessor_id,
        successor_id=token.successor_id,
        family_id=token.family_id,
        line_id=token.line_id,
    )
    return item | _times(
        lifetime_began_at=token.lifetime_began_at,
        last_used_at=token.last_used_at,
        expires_at=token.expires_at,
        overlap_ends_at=token.overlap_ends_at,
        last_reused_at=token.last_reused_at,
    )


def read_token(item: Mapping[str, Mapping[str, str]]) -> Token:
    """Return the token that an item holds."""
    return Token(
        id=item["sk"]["S"].removeprefix(TOKENS),
        user_id=item["pk"]["S"].removeprefix("U#"),
        generation=item["generation"]["S"],
        name=item["name"]["S"],
        description=item["description"]["S"],
        scopes=frozenset(item["scope"]["S"].split()),
        state=TokenState(item["state"]["S"]),
        created_at=_read_time(item["created_at"]),
        updated_at=_read_time(item["updated_at"]),
        idle_at=_read_time(item["idle_at"]),
        purge_at=_read_purge_time(item["purge_at"]),
        last_used_at=_read_optional_time(item, "last_used_at"),
        expires_at=_read_optional_time(item, "expires_at"),
        revocation=_read_revocation(item),
        usage=_read_usage(item),
        predecessor_id=_read_optional_text(item, "predecessor_id"),
        successor_id=_read_optional_text(item, "successor_id"),
        family_id=_read_optional_text(item, "family_id"),
        line_id=_read_optional_text(item, "line_id"),
        lifetime_began_at=_read_optional_time(item, "lifetime_began_at"),
        overlap_ends_at=_read_optional_time(item, "overlap_ends_at"),
        reuse_count=_read_count(item, "reuse_count"),
        last_reused_at=_read_optional_time(item, "last_reused_at"),
        version=int(item["version"]["N"]),
    )


def line_item(line: "Line") -> Item:
    """Return a line as an item."""
    older, newer = line.token_ids
    item = line_key(line.user_id, line.id) | {
        "older_id": text(older),
        "newer_id": text(newer),
        "purge_at": purge_time(line.purge_at),
    }
    return item | _times(ended_at=line.ended_at)


def read_line(item: Mapping[str, Mapping[str, str]]) -> "Line":
    """Return the line that an item holds."""
    from chalicelib.domain.lines import Line

    return Line(
        user_id=item["pk"]["S"].removeprefix("U#"),
        id=item["sk"]["S"].removeprefix(LINES),
        token_ids=(item["older_id"]["S"], item["newer_id"]["S"]),
        purge_at=_read_purge_time(item["purge_at"]),
        ended_at=_read_optional_time(item, "ended_at"),
    )


def idempotency_item(user_id: str, record: IdempotencyRecord) -> Item:
    """Return an idempotency record as an item."""
    return idempotency_key(user_id, record.key_hash) | {
        "body_hash": text(record.body_hash),
        "token_id": text(record.token_id),
        "expires_at": time(record.expires_at),
        "purge_at": purge_time(record.expires_at),
    }


def read_idempotency(item: Mapping[str, Mapping[str, str]]) -> IdempotencyRecord:
    """Return the idempotency record that an item holds."""
    return IdempotencyRecord(
        key_hash=item["sk"]["S"].removeprefix("I#"),
        body_hash=item["body_hash"]["S"],
        token_id=item["token_id"]["S"],
        expires_at=_read_time(item["expires_at"]),
    )


def generation_item(user_id: str, ended: EndedGeneration) -> Item:
    """Return the record of an ended generation as an item."""
    return generation_key(user_id, ended.generation) | {
        "revoked_reason": text(ended.revocation.reason.value),
        "revoked_at": time(ended.revocation.at),
        "purge_at": purge_time(ended.purge_at),
    }


def read_generation(item: Mapping[str, Mapping[str, str]]) -> EndedGeneration:
    """Return the record of an ended generation that an item holds."""
    revocation = _read_revocation(item)
    if revocation is None:
        raise KeyError("revoked_reason")
    return EndedGeneration(
        generation=item["sk"]["S"].removeprefix("G#"),
        revocation=revocation,
        purge_at=_read_purge_time(item["purge_at"]),
    )


def key_ring_item(use: KeyUse, ring: KeyRing) -> Item:
    """Return the head of a ring: which key is active, and which is next."""
    named = {"active": ring.active, "next": ring.next}
    return key_ring_key(use) | {name: text(key.kid) for name, key in named.items() if key}


def signing_key_item(use: KeyUse, key: VerificationKey) -> Item:
    """Return a signing key's public half as an item."""
    return signing_key_key(use, key.kid) | {
        "algorithm": text(key.algorithm),
        "x": text(key.x),
        "y": text(key.y),
        "arn": text(key.arn),
        "state": text(key.state.value),
        "created_at": time(key.created_at),
        "changed_at": time(key.changed_at),
    }


def read_signing_key(item: Mapping[str, Mapping[str, str]]) -> VerificationKey:
    """Return the public half of a signing key that an item holds."""
    return VerificationKey(
        kid=item["sk"]["S"],
        x=item["x"]["S"],
        y=item["y"]["S"],
        arn=item["arn"]["S"],
        state=KeyState(item["state"]["S"]),
        created_at=_read_time(item["created_at"]),
        changed_at=_read_time(item["changed_at"]),
        algorithm=item["algorithm"]["S"],
    )


def login_item(login: PendingLogin) -> Item:
    """Return a sign-in under way as an item."""
    return login_key(login.id_hash) | {
        "state": text(login.state),
        "nonce": text(login.nonce),
        "verifier": text(login.verifier),
        "return_to": text(login.return_to),
        "expires_at": time(login.expires_at),
        "purge_at": purge_time(login.expires_at),
    }


def read_login(item: Mapping[str, Mapping[str, str]]) -> PendingLogin:
    """Return the sign-in under way that an item holds."""
    return PendingLogin(
        id_hash=item["pk"]["S"].removeprefix("L#"),
        state=item["state"]["S"],
        nonce=item["nonce"]["S"],
        verifier=item["verifier"]["S"],
        return_to=item["return_to"]["S"],
        expires_at=_read_time(item["expires_at"]),
    )


def session_item(session: Session) -> Item:
    """Return a session as an item."""
    return session_key(session.id_hash) | {
        "user_id": text(session.user_id),
        "csrf_token": text(session.csrf_token),
        "created_at": time(session.created_at),
        "idle_at": time(session.idle_at),
        "expires_at": time(session.expires_at),
        "purge_at": purge_time(session.expires_at),
    }


def read_session(item: Mapping[str, Mapping[str, str]]) -> Session:
    """Return the session that an item holds."""
    return Session(
        id_hash=item["pk"]["S"].removeprefix("S#"),
        user_id=item["user_id"]["S"],
        csrf_token=item["csrf_token"]["S"],
        created_at=_read_time(item["created_at"]),
        idle_at=_read_time(item["idle_at"]),
        expires_at=_read_time(item["expires_at"]),
    )


def read_time(item: Mapping[str, Mapping[str, str]], name: str) -> datetime:
    """Return a time attribute of an item."""
    return _read_time(item[name])


def _texts(**texts: str | None) -> Item:
    return {name: text(value) for name, value in texts.items() if value is not None}


def _times(**times: datetime | None) -> Item:
    return {name: time(value) for name, value in times.items() if value is not None}


def _read_time(attribute: Mapping[str, str]) -> datetime:
    return _EPOCH + int(attribute["N"]) * _MILLISECOND


def _read_purge_time(attribute: Mapping[str, str]) -> datetime:
    return _EPOCH + timedelta(seconds=int(attribute["N"]))


def _read_optional_time(item: Mapping[str, Mapping[str, str]], name: str) -> datetime | None:
    return _read_time(item[name]) if name in item else None


def _read_optional_text(item: Mapping[str, Mapping[str, str]], name: str) -> str | None:
    return item[name]["S"] if name in item else None


def _read_count(item: Mapping[str, Mapping[str, str]], name: str) -> int:
    return int(item[name]["N"]) if name in item else 0


def _read_usage(item: Mapping[str, Mapping[str, str]]) -> dict[date, int]:
    pairs = (day.split("=") for day in item.get("usage", {"S": ""})["S"].split())
    return {date.fromisoformat(day): int(count) for day, count in pairs}


def _read_revocation(item: Mapping[str, Mapping[str, str]]) -> Revocation | None:
    if "revoked_reason" not in item:
        return None
    reason = RevocationReason(item["revoked_reason"]["S"])
    return Revocation(reason, _read_time(item["revoked_at"]))
