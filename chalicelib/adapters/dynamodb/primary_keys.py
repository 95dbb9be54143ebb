"""Primary keys of the rows: see the package for the kinds of rows."""

from datetime import date, datetime

from chalicelib.adapters.dynamodb.attributes import Item
from chalicelib.domain.keys import KeyUse

USERS = "U#"
TOKENS = "T#"
LINES = "N#"
IDEMPOTENCY_RECORDS = "I#"
GENERATIONS = "G#"
IDENTITIES = "I#"
LOGINS = "L#"
SESSIONS = "S#"
EVENTS = "E#"
JOBS = "J#"
RUNNING_JOBS = "JOBS"
"""The partition of the index ``by_key`` that has the running jobs."""
KEY_RINGS = {KeyUse.API_TOKEN: "KEYS", KeyUse.ACCESS_TOKEN: "ACCESS_TOKEN_KEYS"}
"""The partitions of the public keys."""

_FLUSHES = "FLUSHES"


def primary_key(partition: str, sort: str = "#") -> Item:
    """Return the primary key of a row. A row that is alone in its partition has the sort key ``#``."""
    return {"pk": {"S": partition}, "sk": {"S": sort}}


def user_key(user_id: str) -> Item:
    """Return the primary key of a user."""
    return primary_key(USERS + user_id)


def token_key(user_id: str, token_id: str) -> Item:
    """Return the primary key of a token."""
    return primary_key(USERS + user_id, TOKENS + token_id)


def token_index_key(token_id: str) -> Item:
    """Return a token's key in the index ``by_key``, which leads from the id of a token to its row.

    It has the last 40 random bits of the id, because the whole id would make rows longer than a unit. A few
    tokens may share it. Rows of 0.1 lack it until the sweep fills it in.
    """
    return {"by_pk": {"S": TOKENS + token_id[-8:]}, "by_sk": {"S": "#"}}


def line_key(user_id: str, line_id: str) -> Item:
    """Return the primary key of a line."""
    return primary_key(USERS + user_id, LINES + line_id)


def idempotency_record_key(user_id: str, key_hash: str) -> Item:
    """Return the primary key of an idempotency record."""
    return primary_key(USERS + user_id, IDEMPOTENCY_RECORDS + key_hash)


def generation_key(user_id: str, generation: str) -> Item:
    """Return the primary key of the record of an ended generation."""
    return primary_key(USERS + user_id, GENERATIONS + generation)


def daily_counts_key(user_id: str, day: date) -> Item:
    """Return the primary key of the counts of a user's changes on a UTC day."""
    return primary_key(USERS + user_id, f"R#{day.isoformat()}")


def day_of_events(day: date, shard: int) -> str:
    """Return the partition of the index that has a part of the events of a UTC day."""
    return f"D#{day.isoformat()}#{shard}"


def job_key(job_id: str) -> Item:
    """Return the primary key of a job that revokes many tokens."""
    return primary_key(JOBS + job_id)


def job_token_ids_key(job_id: str) -> Item:
    """Return the primary key of the row with the tokens that a job names."""
    return primary_key(JOBS + job_id, "IDS")


def running_job_index_key(created_at: datetime) -> Item:
    """Return a running job's key in the index ``by_key``. A job that has ended has none."""
    return {"by_pk": {"S": RUNNING_JOBS}, "by_sk": {"S": created_at.isoformat(timespec="milliseconds")}}


def mail_round_key(user_id: str) -> Item:
    """Return the primary key of the record of a user's last mail about what is coming."""
    return primary_key(USERS + user_id, "M#")


def urgent_mails_key(user_id: str, day: date) -> Item:
    """Return the primary key of the record of the urgent mails about a user's UTC day."""
    return primary_key(USERS + user_id, f"M#{day.isoformat()}")


def key_ring_key(use: KeyUse) -> Item:
    """Return the primary key of a ring's head, which sorts before every ``kid``."""
    return primary_key(KEY_RINGS[use])


def public_key_key(use: KeyUse, kid: str) -> Item:
    """Return the primary key of a public key."""
    return primary_key(KEY_RINGS[use], kid)


def login_key(id_hash: str) -> Item:
    """Return the primary key of a sign-in under way."""
    return primary_key(LOGINS + id_hash)


def session_key(id_hash: str) -> Item:
    """Return the primary key of a session."""
    return primary_key(SESSIONS + id_hash)


def identity_key(derived_id: str) -> Item:
    """Return the primary key of an identity row, which leads an identity to a moved user."""
    return primary_key(IDENTITIES + derived_id)


def assertion_key(id_hash: str) -> Item:
    """Return the primary key of a client assertion that was used."""
    return primary_key(f"A#{id_hash}")


def flush_budget_key() -> Item:
    """Return the primary key of the budget of flushes.

    0.1 keeps a row per stage beside it, ``restapis/...`` or ``apis/...``. Those are ignored.
    """
    return primary_key(_FLUSHES, "budget")


def sweep_key() -> Item:
    """Return the primary key of the sweep's checkpoint."""
    return primary_key("SWEEP")
