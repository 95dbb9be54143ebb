"""The table: for each kind of row, its members, their attributes and the form of each.

Sign-ins, sessions, budgets of flushes and used client assertions are beside their stores, so that an
authorizer does not load them.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.dynamodb import compact, primary_keys
from chalicelib.adapters.dynamodb.attributes import (
    Derived,
    Item,
    Member,
    RowKind,
    StoredItem,
    choice,
    day,
    number,
    prefixed,
    purge_time,
    scopes,
    text,
    time,
    usage,
)
from chalicelib.domain.keys import KeyState, VerificationKey
from chalicelib.domain.revocations import EndedGeneration, Revocation, RevocationReason
from chalicelib.domain.token_creation import IdempotencyRecord
from chalicelib.domain.tokens import Token, TokenState
from chalicelib.domain.users import Role, User, UserStatus

if TYPE_CHECKING:
    from chalicelib.domain.lines import Line

USERS_INDEX = "users"
USERS_PARTITION = "USERS"
GENERIC_INDEX = "by_key"

# Only 0.1 writes it. A touch removes it, and writes its days in the short form.
USAGE_OF_0_1 = "usage"

# One for each role: 0.1 changes the role alone, and a role must not count from the date of another one.
ROLE_GIVEN_AT: Mapping[Role, str] = {Role.ADMIN: "admin_given_at", Role.USER: "user_given_at"}

_REASON = choice(RevocationReason)
_ROLE = choice(Role)


def _revocation(revocation: Revocation | None) -> Item:
    if revocation is None:
        return {}
    job = {"revoked_by_job": text(revocation.job_id)} if revocation.job_id else {}
    return {"revoked_reason": _REASON(revocation.reason), "revoked_at": time(revocation.at)} | job


def _read_revocation(item: StoredItem) -> Mapping[str, Revocation]:
    if "revoked_reason" not in item:
        return {}
    job_id = text.read(item["revoked_by_job"]) if "revoked_by_job" in item else None
    reason, at = _REASON.read(item["revoked_reason"]), time.read(item["revoked_at"])
    return {"revocation": Revocation(reason, at, job_id)}


def _read_role_given_at(item: StoredItem) -> Mapping[str, Any]:
    name = ROLE_GIVEN_AT[_ROLE.read(item["role"])]
    return {"role_given_at": time.read(item[name])} if name in item else {}


def _read_usage_of_0_1(item: StoredItem) -> Mapping[str, Any]:
    if USAGE_OF_0_1 not in item:
        return {}
    old = usage.read(item[USAGE_OF_0_1])
    new = compact.daily_uses.read(item["daily_uses"]) if "daily_uses" in item else {}
    # After a rollback, 0.1 counts a day in its own form. A sum could count one use twice.
    days = sorted(old.keys() | new.keys())
    return {"usage": {day: max(old.get(day, 0), new.get(day, 0)) for day in days}}


def _line(**members: Any) -> "Line":
    # A decision never reads a line, so an authorizer does not load this module.
    from chalicelib.domain.lines import Line

    return Line(**members)


USER = RowKind(
    User,
    Member("id", prefixed(primary_keys.USERS), "pk"),
    Member("issuer", text),
    Member("subject", text),
    # Rows of 0.1 lack the claim's name: their claim is ``sub``, the default.
    Member("subject_claim", text, optional=True),
    Member("name", text),
    Member("email", text),
    Member("role", _ROLE),
    Member("status", choice(UserStatus)),
    Member("generation", text),
    Member("created_at", time),
    Member("updated_at", time),
    Member("live_tokens", number),
    Member("revision", number),
    Member("removed_at", time, optional=True),
    Member("sessions_ended_at", time, optional=True),
    Member("signed_in_at", time, optional=True),
    Member("moved_at", time, optional=True),
    Member("returned_at", time, optional=True),
    Member("created_day", day, optional=True),
    Member("creations", number, optional=True),
    Member("full_until", time, optional=True),
    Member("full_count", number, optional=True),
    Derived(
        lambda user: {ROLE_GIVEN_AT[user.role]: time(user.role_given_at)} if user.role_given_at else {},
        _read_role_given_at,
    ),
    Derived(
        lambda user: {"verified_email": text(user.email)} if user.email_verified else {},
        # 0.1 changes the e-mail and leaves this attribute, so compare the addresses.
        lambda item: {"email_verified": item.get("verified_email") == item["email"]},
    ),
    Derived(
        lambda user: {} if user.wants_notices else {"notices": text("off")},
        lambda item: {"wants_notices": "notices" not in item},
    ),
    Derived(
        lambda user: {
            "sk": text("#"),
            "users_pk": text(USERS_PARTITION),
            "users_sk": text(user.position),
        }
    ),
)

TOKEN = RowKind(
    Token,
    Member("user_id", prefixed(primary_keys.USERS), "pk"),
    Member("id", prefixed(primary_keys.TOKENS), "sk"),
    Member("generation", text),
    Member("name", text),
    Member("description", text),
    Member("scopes", scopes, "scope"),
    Member("state", choice(TokenState)),
    Member("created_at", time),
    Member("updated_at", time),
    Member("idle_at", time),
    Member("purge_at", purge_time),
    Member("version", number),
    Member("usage", compact.daily_uses, "daily_uses", optional=True),
    Member("last_used_at", time, optional=True),
    Member("expires_at", time, optional=True),
    Member("predecessor_id", text, optional=True),
    Member("successor_id", text, optional=True),
    Member("family_id", text, optional=True),
    Member("line_id", text, optional=True),
    Member("lifetime_began_at", time, optional=True),
    Member("overlap_ends_at", time, optional=True),
    Member("reuse_count", number, optional=True),
    Member("last_reused_at", time, optional=True),
    # Reading a damaged list raises, because without a list the token would be allowed everywhere.
    Member("allowed_networks", compact.allowed_networks, optional=True),
    Member("networks", compact.seen_networks, optional=True),
    Member("refused", compact.refused_uses, optional=True),
    Member("noticed", compact.noticed, optional=True),
    Derived(lambda token: primary_keys.token_index_key(token.id)),
    Derived(lambda _: {}, _read_usage_of_0_1),
    Derived(lambda token: _revocation(token.revocation), _read_revocation),
)

LINE: RowKind["Line"] = RowKind(
    _line,
    Member("user_id", prefixed(primary_keys.USERS), "pk"),
    Member("id", prefixed(primary_keys.LINES), "sk"),
    Member("purge_at", purge_time),
    Member("ended_at", time, optional=True),
    Derived(
        lambda line: {"older_id": text(line.token_ids[0]), "newer_id": text(line.token_ids[1])},
        lambda item: {"token_ids": (text.read(item["older_id"]), text.read(item["newer_id"]))},
    ),
)

IDEMPOTENCY_RECORD = RowKind(
    IdempotencyRecord,
    Member("key_hash", prefixed(primary_keys.IDEMPOTENCY_RECORDS), "sk"),
    Member("body_hash", text),
    Member("token_id", text),
    Member("expires_at", time),
    Derived(lambda record: {"purge_at": purge_time(record.expires_at)}),
)

ENDED_GENERATION = RowKind(
    EndedGeneration,
    Member("generation", prefixed(primary_keys.GENERATIONS), "sk"),
    Member("purge_at", purge_time),
    Derived(lambda ended: _revocation(ended.revocation), _read_revocation),
)

PUBLIC_KEY = RowKind(
    VerificationKey,
    Member("kid", text, "sk"),
    Member("algorithm", text),
    Member("x", text),
    Member("y", text),
    Member("arn", text),
    Member("state", choice(KeyState)),
    Member("created_at", time),
    Member("changed_at", time),
)
