"""The last mail round of each owner: one row beside the owner's."""

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.adapters.dynamodb import primary_keys
from chalicelib.adapters.dynamodb.attributes import Item, purge_time, text, time
from chalicelib.adapters.dynamodb.errors import ConditionFailed, translated
from chalicelib.adapters.dynamodb.reads import get
from chalicelib.adapters.dynamodb.writes import Update
from chalicelib.domain.mails import MailRound
from chalicelib.domain.ports.mails import KeptRound

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# A walk that takes longer raised an alarm long before.
_KEPT = timedelta(days=7)


class DynamoDBMailStore:
    """Rounds. Each change is one conditional write."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def find_mail_round(self, user_id: str) -> KeptRound | None:
        """Return the owner's last round. Raises StoreUnavailable."""
        item = get(self._client, self._table, primary_keys.mail_round_key(user_id))
        if item is None:
            return None
        taken_at, told, write_id = item["taken_at"], item["told"], item["write_id"]
        kept = MailRound(time.read(taken_at), text.read(told), is_sent="is_sent" in item)
        return KeptRound(kept, text.read(write_id))

    def save_mail_round(self, user_id: str, before: KeptRound | None, after: MailRound) -> KeptRound | None:
        """Write a round if the table still has ``before``. Raises StoreUnavailable.

        If a response is lost, the write is repeated and meets its own id. This counts as written.
        """
        kept = KeptRound(after, secrets.token_hex(8))
        update = Update()
        update.change(_item(before.round) if before else {}, _item(after))
        update.set("write_id", text(kept.write_id))
        condition = update.same("write_id", text(before.write_id) if before else None)
        request = update.request(self._table, primary_keys.mail_round_key(user_id), condition)
        try:
            with translated():
                self._client.update_item(**request, ReturnValuesOnConditionCheckFailure="ALL_OLD")
        except ConditionFailed as failure:
            is_own = failure.item is not None and failure.item["write_id"] == text(kept.write_id)
            return kept if is_own else None
        return kept


def _item(each: MailRound) -> Item:
    item = {
        "taken_at": time(each.taken_at),
        "told": text(each.told),
        "purge_at": purge_time(each.taken_at + _KEPT),
    }
    return item | ({"is_sent": text("yes")} if each.is_sent else {})
