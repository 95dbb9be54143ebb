"""The reasons for which tokens need the attention of their owner."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum

from chalicelib.domain.frozen import Frozen
from chalicelib.domain.ids import was_made_before
from chalicelib.domain.revocations import RevocationReason
from chalicelib.domain.seen_networks import RefusedReason
from chalicelib.domain.token_rules import TokenRules
from chalicelib.domain.tokens import Token, TokenStatus

SOON = timedelta(days=7)
LATELY = timedelta(days=7)
# The last ones serve short idle timeouts, with which every token in use would always be idle soon.
_SOON_IDLE = (SOON, timedelta(days=3), timedelta(days=1))


class Attention(Enum):
    """A reason for which a token needs attention.

    A use during the overlap succeeded, so a program still has the old string. A use after the overlap was
    refused, so a program fails or a thief tries. Such a refusal is not also one of ``refused``.
    """

    EXPIRING = "expiring"
    IDLING = "idling"
    NEVER_USED = "never_used"
    USED_IN_OVERLAP = "used_in_overlap"
    USED_AFTER_OVERLAP = "used_after_overlap"
    EXPOSED = "exposed"
    REFUSED = "refused"


def attention_to(
    token: Token, status: TokenStatus, now: datetime, rules: TokenRules
) -> Mapping[Attention, datetime]:
    """Return the reasons that hold at ``now``, each with its time: of an end, a use, or the creation."""
    reasons = dict(_happened_to(token, now))
    if status is not TokenStatus.ACTIVE:
        return reasons
    if token.successor_id:
        # It ends by itself, so its deadlines break no program that uses the successor.
        used_at = token.last_used_at
        is_used = used_at is not None and was_made_before(token.successor_id, used_at)
        return reasons | ({Attention.USED_IN_OVERLAP: used_at} if used_at and is_used else {})
    if token.last_used_at is None:
        reasons[Attention.NEVER_USED] = token.created_at
    return reasons | _awaits(token, now, rules)


def _awaits(token: Token, now: datetime, rules: TokenRules) -> dict[Attention, datetime]:
    awaits: dict[Attention, datetime] = {}
    expiry = token.expiry(rules)
    if expiry and expiry - now <= SOON:
        awaits[Attention.EXPIRING] = expiry
    soon = next((time for time in _SOON_IDLE if time < rules.idle_timeout), timedelta(0))
    is_idle_first = expiry is None or token.idle_at < expiry
    if is_idle_first and token.idle_at - now <= soon:
        awaits[Attention.IDLING] = token.idle_at
    return awaits


def _happened_to(token: Token, now: datetime) -> Mapping[Attention, datetime]:
    refused, revocation = token.refused, token.revocation
    happened: dict[Attention, datetime | None] = {
        Attention.USED_AFTER_OVERLAP: token.last_reused_at,
        Attention.EXPOSED: (
            revocation.at if revocation and revocation.reason is RevocationReason.EXPOSED else None
        ),
        Attention.REFUSED: (
            refused.last_at if refused and refused.last_reason is not RefusedReason.ROTATED else None
        ),
    }
    return {reason: at for reason, at in happened.items() if at and now - at < LATELY}


class KnownUses(Frozen):
    """The uses that are a reason for attention, as far as the token's row knows them.

    ``count`` is a lower bound, and ``network`` that of the last one. Each is None if it is not known.
    """

    count: int | None = None
    network: str | None = None


def uses_behind(reason: Attention, token: Token) -> KnownUses:
    """Return the uses of a token that are a reason for attention. Other reasons have none."""
    refused = token.refused
    last_from = refused.last_from if refused else None
    if reason is Attention.USED_IN_OVERLAP:
        return KnownUses(_uses_since_rotation(token) or None, token.last_used_from)
    if reason is Attention.USED_AFTER_OVERLAP:
        is_last = refused is not None and refused.last_reason is RefusedReason.ROTATED
        return KnownUses(token.reuse_count or None, last_from if is_last else None)
    if reason is Attention.REFUSED and refused:
        return KnownUses(refused.count, last_from)
    return KnownUses()


def _uses_since_rotation(token: Token) -> int:
    """Return the uses on the days that began after the rotation.

    Those on the day of the rotation are not counted, because the row does not tell which came before it.
    """
    successor_id = token.successor_id or ""
    return sum(
        count for day, count in token.usage.items() if was_made_before(successor_id, _beginning_of(day))
    )


def _beginning_of(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
