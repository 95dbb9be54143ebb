"""The last mail round of each owner, and the urgent mails of each day: rows beside the owner's."""

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.adapters.dynamodb import primary_keys
from chalicelib.adapters.dynamodb.attributes import Item, StoredItem, number, purge_time, text, time
from chalicelib.adapters.dynamodb.reads import get, read_row
from chalicelib.adapters.dynamodb.turns import write_in_turn
from chalicelib.domain.mails import MailRound, UrgentMails
from chalicelib.domain.ports.mails import KeptRound, KeptUrgent

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# A walk that takes longer raised an alarm long before.
_KEPT = timedelta(days=7)
# The stream keeps its records for a day.
_KEPT_AFTER_DAY = timedelta(days=3)


class DynamoDBMailStore:
    """Rounds and urgent mails. Each change is one conditional write."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def find_mail_round(self, user_id: str) -> KeptRound | None:
        """Return the owner's last round. Raises StoreUnavailable."""
        item = get(self._client, self._table, primary_keys.mail_round_key(user_id))
        return read_row(_round, item) if item else None

    def save_mail_round(self, user_id: str, before: KeptRound | None, after: MailRound) -> KeptRound | None:
        """Write a round if the table still has ``before``. Raises StoreUnavailable."""
        old, key = _item(before.round) if before else {}, primary_keys.mail_round_key(user_id)
        write_id = before.write_id if before else None
        own = write_in_turn(self._client, self._table, key, old, _item(after), write_id)
        return KeptRound(after, own) if own else None

    def find_urgent_mails(self, user_id: str, day: date) -> KeptUrgent | None:
        """Return the urgent mails about an owner's day. Raises StoreUnavailable."""
        item = get(self._client, self._table, primary_keys.urgent_mails_key(user_id, day))
        return read_row(_urgent, item) if item else None

    def save_urgent_mails(
        self, user_id: str, day: date, before: KeptUrgent | None, after: UrgentMails
    ) -> KeptUrgent | None:
        """Write them if the table still has ``before``. Raises StoreUnavailable."""
        old = _urgent_item(day, before.mails) if before else {}
        key, write_id = primary_keys.urgent_mails_key(user_id, day), before.write_id if before else None
        own = write_in_turn(self._client, self._table, key, old, _urgent_item(day, after), write_id)
        return KeptUrgent(after, own) if own else None


def _round(item: StoredItem) -> KeptRound:
    kept = MailRound(time.read(item["taken_at"]), text.read(item["told"]), is_sent="is_sent" in item)
    return KeptRound(kept, text.read(item["write_id"]))


def _urgent(item: StoredItem) -> KeptUrgent:
    kept = UrgentMails(number.read(item["sent"]), frozenset(text.read(item["told"]).split()))
    return KeptUrgent(kept, text.read(item["write_id"]))


def _item(each: MailRound) -> Item:
    item = {
        "taken_at": time(each.taken_at),
        "told": text(each.told),
        "purge_at": purge_time(each.taken_at + _KEPT),
    }
    return item | ({"is_sent": text("yes")} if each.is_sent else {})


def _urgent_item(day: date, mails: UrgentMails) -> Item:
    ends = datetime(day.year, day.month, day.day, tzinfo=UTC) + _KEPT_AFTER_DAY
    return {
        "sent": number(mails.sent),
        "told": text(" ".join(sorted(mails.told))),
        "purge_at": purge_time(ends),
    }
