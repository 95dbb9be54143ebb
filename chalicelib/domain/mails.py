"""Mails to owners of tokens."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum

from chalicelib.domain.frozen import Frozen, field, replace
from chalicelib.domain.seen_networks import RefusedReason
from chalicelib.domain.users import User

LONGEST_SEND = timedelta(minutes=4)
"""The time for which a run may be sending. Lambda ends the function by then."""


# One addr-spec of RFC 5322 section 3.4.1 without quotes and comments. With a comma or brackets in it, the
# text would be read as several addresses, or as another one. The lengths are those of RFC 5321.
_ADDRESS = re.compile(r"""[^\s@,;:<>()\[\]"\\]{1,64}@[^\s@,;:<>()\[\]"\\]{1,255}""")

MOST_URGENT = 5
"""The most urgent mails to an owner about one UTC day."""
MOST_ABOUT_EXPOSURE = 10
"""The same for mails about exposed tokens. A flood of refused uses must not keep these back."""


class Mail(Frozen):
    """A mail to one person, as text and as HTML with the same content."""

    recipient: str
    subject: str
    text: str
    html: str


class MailRound(Frozen):
    """The mail of one walk to one owner, which one run takes on and sends.

    A run that dies leaves it unsent. Then another run may take it on after ``LONGEST_SEND``. ``told`` is
    the digest of the notices in the mail.
    """

    taken_at: datetime
    told: str = ""
    is_sent: bool = False

    def is_for(self, walk_began_at: datetime) -> bool:
        """Return True if it was taken on during the walk that began then."""
        return self.taken_at >= walk_began_at

    def is_being_sent(self, now: datetime) -> bool:
        """Return True if another run may be sending the mail at ``now``."""
        return not self.is_sent and now < self.taken_at + LONGEST_SEND

    def sent(self) -> "MailRound":
        """Return the round after the mail was sent."""
        return replace(self, is_sent=True)


class UrgentKind(Enum):
    """The subject of an urgent mail: a token was exposed, reused, or refused at a new network."""

    EXPOSED = "exposed"
    REUSED = "reused"
    REFUSED = "refused"


class Urgent(Frozen):
    """A fact about a token that its owner is told at once. A refused use has a network and a reason."""

    kind: UrgentKind
    user_id: str
    token_id: str
    at: datetime
    network: str = ""
    reason: RefusedReason | None = None

    @property
    def key(self) -> str:
        """The kind and the token. An owner is told of each pair once about a UTC day."""
        return f"{self.kind.value}:{self.token_id}"


class UrgentMails(Frozen):
    """The urgent mails to an owner about one UTC day: their number, and the keys that they told."""

    sent: int = 0
    told: frozenset[str] = field(default_factory=frozenset)

    def untold(self, facts: Sequence[Urgent]) -> Sequence[Urgent]:
        """Return the facts that no mail has told, the newest one of each key."""
        return list({fact.key: fact for fact in facts if fact.key not in self.told}.values())

    def has_room(self, facts: Sequence[Urgent]) -> bool:
        """Return True if the day may have another mail, with these facts."""
        is_exposure = any(fact.kind is UrgentKind.EXPOSED for fact in facts)
        return self.sent < (MOST_ABOUT_EXPOSURE if is_exposure else MOST_URGENT)

    def telling(self, facts: Sequence[Urgent]) -> "UrgentMails":
        """Return the mails after one more, with these facts."""
        return UrgentMails(self.sent + 1, self.told | {fact.key for fact in facts})

    def not_telling(self, facts: Sequence[Urgent]) -> "UrgentMails":
        """Return the mails after one failed. It stays counted, because it may have left."""
        return replace(self, told=self.told - {fact.key for fact in facts})


def gets_mails(owner: User) -> bool:
    """Return True if the owner is active, wants notices, and has an e-mail that the provider verified.

    The e-mail must be the plain address of one mailbox.
    """
    is_one_address = owner.email.isprintable() and _ADDRESS.fullmatch(owner.email) is not None
    return owner.is_active and owner.wants_notices and owner.email_verified and is_one_address
