"""The mail at once: tokens that were exposed, reused, or refused at a new network."""

from collections.abc import Mapping, Sequence

from chalicelib.domain.mails import Mail, Urgent, UrgentKind
from chalicelib.domain.seen_networks import RefusedReason
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User
from chalicelib.services.mail_text import MOST_SHOWN, Line, mail_of, moment_of, name_of

_REASONS: Mapping[RefusedReason | None, str] = {
    RefusedReason.NETWORK: "the token may not be used from there",
    RefusedReason.PAUSED: "the token is paused",
    RefusedReason.IDLE: "the token is idle",
    RefusedReason.LIFETIME: "the token has expired",
    RefusedReason.ROTATED: "the token was rotated",
    RefusedReason.REVOKED: "the token is revoked",
    RefusedReason.SCOPE: "the token lacks the scope",
}

_ADVICE: Mapping[UrgentKind, str] = {
    UrgentKind.EXPOSED: "A token that was exposed is revoked. Create a new token for its program, and keep "
    "it out of code and logs. Look at the token's uses, because another person may have used it.",
    UrgentKind.REUSED: "If your own program still has the token from before the rotation, give it the new "
    "one. If not, a thief may have it: revoke the new token, and create another one.",
    UrgentKind.REFUSED: "If the refused use was not yours, another person may have the token. If it still "
    "works, rotate or revoke it, and look at its uses.",
}


def urgent_mail(
    owner: User, facts: Sequence[Urgent], tokens: Mapping[str, Token], page: str, *, is_last: bool
) -> Mail:
    """Return the mail about facts. ``tokens`` are those that still exist, by their ids.

    ``is_last`` says that the day has no room for another mail.
    """
    shown, kinds = facts[:MOST_SHOWN], {fact.kind for fact in facts}
    lines = [Line(fact.token_id, _name(fact, tokens), _sentence(fact)) for fact in shown]
    count = len({fact.token_id for fact in facts})
    subject = f"{count} API tokens may be in danger" if count > 1 else "An API token may be in danger"
    advice = [sentence for kind, sentence in _ADVICE.items() if kind in kinds]
    if is_last:
        advice.append("This is the last mail about this day. Your page shows what happens from now on.")
    return mail_of(owner.email, subject, lines, len(facts) - MOST_SHOWN, advice, page)


def _name(fact: Urgent, tokens: Mapping[str, Token]) -> str:
    token = tokens.get(fact.token_id)
    return name_of(token) if token else fact.token_id


def _sentence(fact: Urgent) -> str:
    at = moment_of(fact.at)
    if fact.kind is UrgentKind.EXPOSED:
        return f"was reported as exposed on {at}, and is revoked now"
    if fact.kind is UrgentKind.REUSED:
        return f"was used on {at}, after it was rotated. The use was refused"
    reason = _REASONS.get(fact.reason)
    because = f", because {reason}" if reason else ""
    return f"was used on {at} from {fact.network}, a new network. The use was refused{because}"
