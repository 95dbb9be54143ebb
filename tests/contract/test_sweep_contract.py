"""The contract of the sweep's store, in memory and in DynamoDB."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.dynamodb import items, primary_keys
from chalicelib.adapters.dynamodb.sweep_store import DynamoDBSweepStore
from chalicelib.domain.ids import new_generation
from chalicelib.domain.mails import MailRound, UrgentMails
from chalicelib.domain.noticed import Notice, NoticeKind
from chalicelib.domain.ports.sweeps import UserPosition
from chalicelib.domain.seen_networks import RefusedReason, RefusedUses, SeenNetworks, refused_again
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User
from chalicelib.domain.walks import Walk
from tests.contract.test_store_contract import a_record, add, add_users, an_ended, found, tokens_by_age
from tests.support.actors import an_event
from tests.support.builders import RULES, a_token, a_user
from tests.support.canaries import recorded
from tests.support.clock import START
from tests.support.dynamodb import Stores, dynamodb_stores, moto_cloud
from tests.support.waiting import wait_until

LATER = START + timedelta(hours=1)
NETWORK = "192.0.2.0/24"
NOTICED = (Notice(NoticeKind.IDLING, 7, START.date()), Notice(NoticeKind.NEVER_USED, 0, START.date()))
WALKS = [
    Walk(START),
    Walk(START, "p", "q", "tok_1", 3, 7),
    Walk(START, "p", users=3, ended_at=LATER, last_ended_at=START),
    Walk(LATER, "p", users=3, unmailed="q", returns=1, mails_since=START),
]


def a_seen_token(owner: User) -> Token:
    """Return a token that was used, and refused, from a network."""
    refused = RefusedUses(3, START, RefusedReason.REVOKED, NETWORK)
    return a_token(owner, networks=SeenNetworks().seen(NETWORK, START), refused=refused)


class TestCheckpoint:
    """One row, by conditional writes."""

    def test_there_is_none_at_first(self, stores: Stores) -> None:
        """The first walk begins without one."""
        assert stores.sweeps.find_walk() is None

    @pytest.mark.parametrize("walk", WALKS)
    def test_walk_is_read_back(self, stores: Stores, walk: Walk) -> None:
        """Each member comes back, also over a walk that had more members."""
        kept = stores.sweeps.save_walk(stores.sweeps.save_walk(None, WALKS[1]), walk)

        assert kept is not None
        assert stores.sweeps.find_walk() == kept
        assert kept.walk == walk

    def test_only_one_of_two_runs_writes(self, stores: Stores) -> None:
        """The second one learns that the first was there, at the first walk and later."""
        first = stores.sweeps.save_walk(None, WALKS[0])
        assert stores.sweeps.save_walk(None, WALKS[1]) is None
        assert stores.sweeps.save_walk(first, WALKS[1]) is not None
        assert stores.sweeps.save_walk(first, WALKS[2]) is None

        kept = stores.sweeps.find_walk()
        assert kept is not None
        assert kept.walk == WALKS[1]


class TestReads:
    """Users and their rows."""

    @pytest.mark.parametrize("limit", [1, 2, 100])
    def test_users_are_listed_oldest_first(self, stores: Stores, limit: int) -> None:
        """Removed ones are among them, and no page repeats one."""
        users = add_users(stores, [0, 1, 1, 2])
        stores.users.save_user(users[2], users[2].removed(LATER, new_generation()), an_event())
        expected = [UserPosition(user.id, user.position) for user in users]
        expected.sort(key=lambda user: user.position)

        listed: list[UserPosition] = []
        while page := stores.sweeps.list_positions(listed[-1].position if listed else "", limit):
            assert len(page) <= limit
            listed += page

        assert listed == expected

    def test_user_has_generations_and_tokens(self, stores: Stores, owner: User) -> None:
        """Rows of other kinds are left out."""
        tokens = tokens_by_age(stores, owner, 2)
        with_key = a_token(owner, START + timedelta(seconds=5))
        add(stores, with_key, idempotency=a_record(with_key))
        ended = an_ended(owner.generation)
        stores.users.save_user(owner, owner.in_generation("g2"), an_event(), ended)

        rows = stores.sweeps.read_owned(owner.id, "", 10)

        assert rows is not None
        assert (rows.owner.id, rows.owner.generation) == (owner.id, "g2")
        assert rows.ended == {owner.generation: ended}
        assert [swept.token.id for swept in rows.tokens] == [*tokens, with_key.id]
        assert all(swept.is_indexed for swept in rows.tokens)
        assert rows.next_after is None

    @pytest.mark.parametrize("strong", [False, True])
    @pytest.mark.parametrize("limit", [1, 2, 3, 4])
    def test_pages_neither_skip_nor_repeat(
        self, stores: Stores, owner: User, limit: int, strong: bool
    ) -> None:
        """Each page has the user and the generations too. A page may end before the first token."""
        tokens = tokens_by_age(stores, owner, 5)
        ended = an_ended(owner.generation)
        stores.users.save_user(owner, owner.in_generation("g2"), an_event(), ended)

        read: list[str] = []
        after: str | None = ""
        while after is not None:
            rows = stores.sweeps.read_owned(owner.id, after, limit, strong=strong)
            assert rows is not None
            assert (rows.owner.id, rows.ended) == (owner.id, {owner.generation: ended})
            read += [swept.token.id for swept in rows.tokens]
            after = rows.next_after

        assert read == tokens

    def test_unknown_user_has_no_rows(self, stores: Stores, owner: User) -> None:
        """The index may name a user that was deleted."""
        assert stores.sweeps.read_owned("usr_unknown", "", 10) is None


class TestWrites:
    """Corrections of rows, which change nothing else."""

    def test_addresses_are_deleted(self, stores: Stores, owner: User) -> None:
        """The counts of refusals stay, and so does the version."""
        token = add(stores, a_seen_token(owner))

        assert stores.sweeps.forget_addresses(token)

        assert token.refused is not None
        refused = replace(token.refused, last_from=None)
        assert found(stores, token) == replace(token, networks=SeenNetworks(), refused=refused)

    @pytest.mark.parametrize("without", [{"networks": SeenNetworks()}, {"refused": None}])
    def test_either_kind_of_address_is_deleted(
        self, stores: Stores, owner: User, without: dict[str, Any]
    ) -> None:
        """A token may have been used only, or refused only."""
        token = add(stores, replace(a_seen_token(owner), **without))

        assert stores.sweeps.forget_addresses(token)

        row = found(stores, token)
        assert row is not None
        assert (row.networks, row.refused and row.refused.last_from) == (SeenNetworks(), None)
        assert row.refused is None or (token.refused and row.refused.count == token.refused.count)

    def test_refusal_that_was_recorded_meanwhile_is_kept(self, stores: Stores, owner: User) -> None:
        """Its count is, without its network."""
        token = add(stores, a_seen_token(owner))
        again = refused_again(token.refused, RefusedReason.IDLE, "198.51.100.0/24", LATER)
        assert stores.authorization.record_refusal(token, replace(token, refused=again))

        assert stores.sweeps.forget_addresses(token)

        refused = replace(again, last_from=None)
        assert found(stores, token) == replace(token, networks=SeenNetworks(), refused=refused)

    def test_change_meanwhile_is_kept(self, stores: Stores, owner: User) -> None:
        """A rename between the read and the write stays."""
        token = add(stores, a_seen_token(owner))
        renamed = stores.tokens.save_token(token, replace(token, name="other"), an_event())

        assert stores.sweeps.forget_addresses(token)

        row = found(stores, token)
        assert row is not None
        assert (row.name, row.version, row.networks) == ("other", renamed.version, SeenNetworks())

    def test_deleted_row_does_not_come_back(self, stores: Stores, owner: User) -> None:
        """TTL may delete a row between the read and the write."""
        token = add(stores, a_seen_token(owner))
        stores.forget(owner.id, token.id)

        assert not stores.sweeps.forget_addresses(token)
        assert not stores.sweeps.fill_index_keys(token)

        assert found(stores, token) is None

    def test_notices_and_events_are_written_together(self, stores: Stores, owner: User) -> None:
        """Nothing else changes, not even the version."""
        token = add(stores, a_token(owner))
        events = [an_event(owner.id), an_event(owner.id)]

        assert stores.sweeps.save_notices(token, replace(token, noticed=NOTICED), events)

        assert found(stores, token) == replace(token, noticed=NOTICED)
        assert {e.id for e in events} <= {
            e.id for e in stores.events.list_events(owner.id, after=None, limit=9).events
        }

    def test_notice_about_another_state_is_not_written(self, stores: Stores, owner: User) -> None:
        """The token was used, changed, noticed or deleted meanwhile."""
        for number, change in enumerate((self._use, self._rename, self._notice, self._forget)):
            token = add(stores, a_token(owner, START + timedelta(seconds=number)))
            change(stores, token)
            row, event = found(stores, token), an_event(owner.id)

            assert not stores.sweeps.save_notices(token, replace(token, noticed=NOTICED), [event])

            assert found(stores, token) == row
            kept = stores.events.list_events(owner.id, after=None, limit=50).events
            assert event.id not in {each.id for each in kept}

    def _use(self, stores: Stores, token: Token) -> None:
        assert stores.authorization.touch(token, token.touched(LATER, RULES))

    def _rename(self, stores: Stores, token: Token) -> None:
        stores.tokens.save_token(token, replace(token, name="other"), an_event())

    def _notice(self, stores: Stores, token: Token) -> None:
        other = (Notice(NoticeKind.IDLING, 3, START.date()),)
        assert stores.sweeps.save_notices(token, replace(token, noticed=other), [an_event()])

    def _forget(self, stores: Stores, token: Token) -> None:
        stores.forget(token.user_id, token.id)

    def test_keys_that_are_there_are_not_written(self, stores: Stores, owner: User) -> None:
        """Only a row that lacks them is."""
        assert not stores.sweeps.fill_index_keys(add(stores, a_token(owner)))


def test_row_of_0_1_gets_its_index_keys() -> None:
    """The write is the difference to a row of today, and the owner is found by the token's id then."""
    with moto_cloud() as cloud:
        stores = dynamodb_stores(cloud)
        owner = a_user()
        stores.users.add_user(owner, an_event())
        token = a_token(owner)
        row = items.TOKEN.item(token)
        old = {name: row[name] for name in row.keys() - {"by_pk", "by_sk"}}
        cloud.dynamodb.put_item(TableName=cloud.table, Item=old)
        rows = stores.sweeps.read_owned(owner.id, "", 10)
        assert rows is not None
        assert [swept.is_indexed for swept in rows.tokens] == [False]

        assert stores.sweeps.fill_index_keys(token)
        assert not stores.sweeps.fill_index_keys(token)

        assert row in cloud.rows()
        wait_until(lambda: stores.token_index.find_owner_of(token.id) == owner.id)


def test_damaged_rows_do_not_hold_up_the_walk() -> None:
    """They are left out and logged without their content. The page after them is read."""
    with moto_cloud() as cloud:
        store, stores = DynamoDBSweepStore(cloud.dynamodb, cloud.table), dynamodb_stores(cloud)
        owner = a_user()
        stores.users.add_user(owner, an_event())
        damaged, whole = (a_token(owner, START + timedelta(seconds=n)) for n in range(2))
        bad = items.TOKEN.item(damaged) | {"state": {"S": "secret"}}
        for row in (bad, items.TOKEN.item(whole)):
            cloud.dynamodb.put_item(TableName=cloud.table, Item=row)
        with recorded() as log:
            first = store.read_owned(owner.id, "", 2)
            assert first is not None
            assert (list(first.tokens), first.next_after) == ([], damaged.id)
            second = store.read_owned(owner.id, damaged.id, 2)
        assert second is not None
        assert [swept.token for swept in second.tokens] == [whole]
        (line,) = log.lines("sweep.unreadable")
        assert (line["sk"], line["error"]) == (f"T#{damaged.id}", "KeyError")
        assert "secret" not in str(line)


def test_user_that_cannot_be_read_is_left_out() -> None:
    """The walk goes on with the next one."""
    with moto_cloud() as cloud:
        user = items.USER.item(a_user()) | {"status": {"S": "secret"}}
        cloud.dynamodb.put_item(TableName=cloud.table, Item=user)
        store = DynamoDBSweepStore(cloud.dynamodb, cloud.table)
        with recorded():
            assert store.read_owned(a_user().id, "", 2) is None


def test_lost_response_counts_as_written() -> None:
    """The client repeats the write, which meets its own id."""
    with moto_cloud() as cloud:
        store = DynamoDBSweepStore(cloud.dynamodb, cloud.table)
        before = store.save_walk(None, WALKS[0])
        repeated = DynamoDBSweepStore(_Twice(cloud.dynamodb), cloud.table)  # type: ignore[arg-type]

        kept = repeated.save_walk(before, WALKS[1])

        assert kept is not None
        assert store.find_walk() == kept


class _Twice:
    """A client that makes each write twice, as after a lost response."""

    def __init__(self, client: object) -> None:
        self._client = client

    def update_item(self, **request: object) -> object:
        """Write twice, and return the second response."""
        client: object = self._client
        client.update_item(**request)  # type: ignore[attr-defined]
        return client.update_item(**request)  # type: ignore[attr-defined]


def test_primary_key_of_the_checkpoint_is_written_down() -> None:
    """Deployed tables have this row, and the policy of the function names it."""
    assert primary_keys.sweep_key() == {"pk": {"S": "SWEEP"}, "sk": {"S": "#"}}


class TestMailRounds:
    """One row for each owner, by conditional writes."""

    def test_round_is_read_back(self, stores: Stores, owner: User) -> None:
        """Each owner has a round of the own, before and after the mail."""
        assert stores.mails.find_mail_round(owner.id) is None
        taken = stores.mails.save_mail_round(owner.id, None, MailRound(START, "told"))
        assert stores.mails.find_mail_round(owner.id) == taken
        sent = stores.mails.save_mail_round(owner.id, taken, MailRound(START, "told", is_sent=True))
        assert stores.mails.find_mail_round(owner.id) == sent
        again = stores.mails.save_mail_round(owner.id, sent, MailRound(LATER, "told"))
        assert again is not None
        assert again.round == MailRound(LATER, "told")
        assert stores.mails.find_mail_round(owner.id) == again
        assert stores.mails.find_mail_round("usr_other") is None

    def test_only_one_of_two_runs_takes_it(self, stores: Stores, owner: User) -> None:
        """The second one learns that the first was there."""
        first = stores.mails.save_mail_round(owner.id, None, MailRound(START, "told"))
        assert stores.mails.save_mail_round(owner.id, None, MailRound(LATER, "told")) is None
        assert (
            stores.mails.save_mail_round(owner.id, first, MailRound(START, "told", is_sent=True))
            is not None
        )
        assert stores.mails.save_mail_round(owner.id, first, MailRound(LATER, "told")) is None

    def test_urgent_mails_are_read_back(self, stores: Stores, owner: User) -> None:
        """Each day of each owner has its own."""
        day, mails = START.date(), UrgentMails(1, frozenset({"exposed:tok_1", "reused:tok_1"}))
        assert stores.mails.find_urgent_mails(owner.id, day) is None
        taken = stores.mails.save_urgent_mails(owner.id, day, None, mails)
        assert taken is not None
        assert stores.mails.find_urgent_mails(owner.id, day) == taken
        assert taken.mails == mails
        emptied = stores.mails.save_urgent_mails(owner.id, day, taken, UrgentMails(2))
        assert emptied is not None
        assert stores.mails.find_urgent_mails(owner.id, day) == emptied
        assert emptied.mails == UrgentMails(2)
        assert stores.mails.find_urgent_mails(owner.id, day + timedelta(days=1)) is None
        assert stores.mails.find_urgent_mails("usr_other", day) is None

    def test_only_one_of_two_runs_sends_urgent_mails(self, stores: Stores, owner: User) -> None:
        """The second one learns that the first was there."""
        day = START.date()
        first = stores.mails.save_urgent_mails(owner.id, day, None, UrgentMails(1))
        assert stores.mails.save_urgent_mails(owner.id, day, None, UrgentMails(1)) is None
        assert stores.mails.save_urgent_mails(owner.id, day, first, UrgentMails(2)) is not None
        assert stores.mails.save_urgent_mails(owner.id, day, first, UrgentMails(2)) is None

    def test_sweep_does_not_take_them_for_tokens(self, stores: Stores, owner: User) -> None:
        """They are in the user's partition."""
        stores.mails.save_mail_round(owner.id, None, MailRound(START, "told"))
        stores.mails.save_urgent_mails(owner.id, START.date(), None, UrgentMails(1))
        rows = stores.sweeps.read_owned(owner.id, "", 10)
        assert rows is not None
        assert list(rows.tokens) == []
