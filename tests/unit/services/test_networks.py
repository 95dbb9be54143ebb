"""Networks at the decision: where a token may be used, where it was used, and where it was refused."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import logs
from chalicelib.adapters.dynamodb import items
from chalicelib.domain.errors import (
    ExpiredToken,
    InactiveOwner,
    InvalidToken,
    StoreUnavailable,
    WrongClaims,
    WrongNetwork,
)
from chalicelib.domain.network_lists import allowed_networks
from chalicelib.domain.networks import RecordNetworks
from chalicelib.domain.revocations import RevocationReason
from chalicelib.domain.seen_networks import RefusedReason, SeenNetworks
from chalicelib.domain.tokens import Token, TokenState
from chalicelib.domain.users import UserStatus
from chalicelib.services.recent_rows import RecentRows
from chalicelib.services.refused_uses import RecordRefusal
from chalicelib.services.uses import NetworksOfUses
from chalicelib.services.verify import VerifyToken
from tests.support.builders import A_CALLER, RULES
from tests.support.clock import START
from tests.unit.services.log_lines import written
from tests.unit.services.test_verify import Gate

REFRESH = RULES.refresh_interval
SECOND = timedelta(seconds=1)
MINUTE = timedelta(seconds=60)
OFFICE, OFFICE_NETWORK = "192.0.2.7", "192.0.2.0/24"
LIST = allowed_networks([OFFICE_NETWORK, "2001:db8::/32"])


class Door(Gate):
    """A gate that is told the caller's address."""

    def __init__(
        self, record: RecordNetworks = RecordNetworks.PREFIX, reuse: timedelta = timedelta(0), **rules: Any
    ) -> None:
        super().__init__()
        self.rules = replace(RULES, record_networks=record, **rules)
        self.reuse = reuse
        self.start()

    def start(self) -> None:
        """Let a process without any memory decide from now on."""
        note = RecordRefusal(self.store, self.clock, self.rules)
        recent = RecentRows(self.reuse, self.clock)
        self.verifying = VerifyToken(self.reader, self.store, self.clock, self.rules, note, recent)

    def use(self, address: str | None = OFFICE) -> Token:
        """Present the token from an address."""
        return self.verifying.decide("any", replace(A_CALLER, address=address), lambda _: True).token

    def refuse(self, address: str | None = OFFICE, kind: type[InvalidToken] = InvalidToken) -> None:
        """Present the token, which is refused."""
        with pytest.raises(kind):
            self.use(address)

    def put(self, **changes: Any) -> None:
        """Change the token's row."""
        self.store.put(replace(self.row, **changes))

    @property
    def counts(self) -> Mapping[str, int]:
        """The networks in the row, the newest last, with their counts."""
        return {seen.network: seen.count for seen in self.row.networks.networks}

    @property
    def refused(self) -> tuple[int, RefusedReason | None, str | None]:
        """The count in the row, and the last reason and network."""
        refused = self.row.refused
        return (refused.count, refused.last_reason, refused.last_from) if refused else (0, None, None)


@pytest.fixture
def door() -> Door:
    """Return a door before which a good token stands."""
    return Door()


@pytest.mark.parametrize("address", [OFFICE, "2001:db8:1::1", "::ffff:192.0.2.255"])
def test_token_is_let_in_from_its_networks(door: Door, address: str) -> None:
    """An IPv4-mapped address is the IPv4 address."""
    door.put(allowed_networks=LIST)

    assert door.use(address).id == door.token.id


@pytest.mark.parametrize(
    "address", [None, "", "192.0.3.1", "2001:db9::1", "192.0.2.7:443", "fe80::1%eth0", "x"]
)
def test_token_with_a_list_is_refused_from_elsewhere(door: Door, address: str | None) -> None:
    """An address that is unknown or cannot be read is elsewhere. The refusal is the same outside."""
    door.put(allowed_networks=LIST)

    with pytest.raises(WrongNetwork) as refused:
        door.use(address)
    assert (refused.value.code, refused.value.detail) == (InvalidToken.code, InvalidToken.detail)
    assert (door.row.last_used_at, door.counts) == (None, {})


@pytest.mark.parametrize("address", [None, "x", "203.0.113.9"])
def test_token_without_a_list_is_let_in_from_everywhere(door: Door, address: str | None) -> None:
    """Empty means everywhere, also if the address is unknown."""
    assert door.use(address).id == door.token.id


def test_other_reasons_come_first(door: Door) -> None:
    """A token that is revoked and elsewhere is revoked."""
    door.store.put(replace(door.row, allowed_networks=LIST).revoked(RevocationReason.OWNER, START, RULES))
    door.refuse("203.0.113.9")

    assert door.refused == (1, RefusedReason.REVOKED, "203.0.113.0/24")


def test_calls_that_count_no_use_ask_for_the_network(door: Door) -> None:
    """Introspection tells the address of the bearer. Without one, a token with a list is refused."""
    door.put(allowed_networks=LIST)
    ids = door.owner.id, door.token.id

    assert door.verifying.uncounted("any", OFFICE).token.id == door.token.id
    assert door.verifying.uncounted_by_ids(*ids, OFFICE).token.id == door.token.id
    with pytest.raises(WrongNetwork):
        door.verifying.uncounted("any")
    with pytest.raises(WrongNetwork):
        door.verifying.uncounted_by_ids(*ids)
    with pytest.raises(WrongNetwork):
        door.verifying("any")
    assert door.verifying("any", replace(A_CALLER, address=OFFICE)).token.id == door.token.id


def test_recent_rows_are_compared_with_the_address_of_each_request() -> None:
    """A decision for one address opens nothing for another one."""
    door = Door(reuse=2 * SECOND)
    door.put(allowed_networks=LIST)
    door.use()
    door.use()
    assert door.store.calls["find_for_authorization"] == 1

    door.refuse("203.0.113.9", WrongNetwork)
    assert door.store.calls["find_for_authorization"] == 2
    door.use()


def test_use_notes_network_time_and_count(door: Door) -> None:
    """All in the one write that records the use."""
    door.use()

    assert door.row.networks == SeenNetworks().seen(OFFICE_NETWORK, START)
    assert door.store.calls == {"find_for_authorization": 1, "touch": 1}


@pytest.mark.parametrize(
    ("record", "address", "noted"),
    [
        (RecordNetworks.FULL, OFFICE, OFFICE),
        (RecordNetworks.FULL, "2001:db8:1:2::3", "2001:db8:1:2::3"),
        (RecordNetworks.PREFIX, OFFICE, OFFICE_NETWORK),
        (RecordNetworks.PREFIX, "2001:db8:1:2::3", "2001:db8:1::/48"),
        (RecordNetworks.OFF, OFFICE, None),
        (RecordNetworks.FULL, None, None),
        (RecordNetworks.FULL, "x", None),
    ],
)
def test_setting_says_what_is_noted(record: RecordNetworks, address: str | None, noted: str | None) -> None:
    """The same holds for refused uses."""
    door = Door(record)
    door.use(address)
    assert list(door.counts) == ([noted] if noted else [])

    door.put(state=TokenState.INACTIVE)
    door.refuse(address)
    assert door.refused == (1, RefusedReason.PAUSED, noted)


def test_networks_go_with_the_next_touch_if_they_are_not_recorded_any_more(door: Door) -> None:
    """An operator who turns the record off need not wait for the end of the tokens."""
    door.use()
    door.rules = replace(door.rules, record_networks=RecordNetworks.OFF)
    door.start()
    door.clock.advance(REFRESH)
    door.use()

    assert door.counts == {}


def test_addresses_become_prefixes_if_only_these_are_recorded() -> None:
    """Otherwise the first address, which always stays, would be kept for the life of the token."""
    door = Door(RecordNetworks.FULL)
    for host in (7, 8, 9):
        door.use(f"192.0.2.{host}")
        door.clock.advance(REFRESH)
    door.rules = replace(door.rules, record_networks=RecordNetworks.PREFIX)
    door.start()
    door.use("203.0.113.9")

    assert door.counts == {OFFICE_NETWORK: 3, "203.0.113.0/24": 1}
    assert door.row.networks.first == OFFICE_NETWORK


def test_last_use_is_not_said_to_come_from_the_network_of_an_earlier_one(door: Door) -> None:
    """A use through a door that tells no address moves the time alone, also if a thief made it."""
    door.use()
    first = door.row
    door.clock.advance(REFRESH)
    door.use(None)
    second = door.row
    door.clock.advance(REFRESH + timedelta(milliseconds=999))
    door.use()

    assert [row.last_used_from for row in (first, second, door.row)] == [
        OFFICE_NETWORK,
        None,
        OFFICE_NETWORK,
    ]
    assert second.last_used_at == START + REFRESH
    assert second.networks == first.networks


def test_uses_between_touches_are_counted(door: Door) -> None:
    """They are in the next write, with the time of the last one."""
    for _ in range(3):
        door.use()
    door.clock.advance(REFRESH)
    door.use()

    assert door.row.networks == SeenNetworks().seen(OFFICE_NETWORK, START + REFRESH, 4)
    assert door.store.calls["touch"] == 2


def test_new_network_is_written_after_a_minute(door: Door) -> None:
    """Once per minute and token at most, however many new networks there are."""
    door.use()
    door.use("203.0.113.9")
    door.clock.advance(MINUTE - SECOND)
    door.use("203.0.113.9")
    assert list(door.counts) == [OFFICE_NETWORK]
    door.clock.advance(SECOND)
    door.use("203.0.113.9")

    assert door.counts == {OFFICE_NETWORK: 1, "203.0.113.0/24": 3}
    door.clock.advance(MINUTE)
    door.use("203.0.113.9")
    assert door.store.calls["touch"] == 2


def test_shorter_interval_counts_for_new_networks_too() -> None:
    """A minute is the most, not the least."""
    door = Door(refresh_interval=10 * SECOND)
    door.use()
    door.clock.advance(9 * SECOND)
    door.use("203.0.113.9")
    assert list(door.counts) == [OFFICE_NETWORK]
    door.clock.advance(SECOND)
    door.use("203.0.113.9")

    assert door.counts == {OFFICE_NETWORK: 1, "203.0.113.0/24": 2}


def test_new_network_is_written_although_rows_are_reused() -> None:
    """A decision by recent rows reads again if it has to write."""
    door = Door(reuse=5 * SECOND, refresh_interval=2 * SECOND)
    door.use()
    door.clock.advance(SECOND)
    door.use("203.0.113.9")
    assert list(door.counts) == [OFFICE_NETWORK]
    door.clock.advance(SECOND)
    door.use("203.0.113.9")

    assert door.counts == {OFFICE_NETWORK: 1, "203.0.113.0/24": 2}


@pytest.mark.parametrize("failure", ["lost", "broken"])
def test_networks_of_a_touch_that_failed_are_in_the_next_one(door: Door, failure: str) -> None:
    """As the number of uses."""
    if failure == "broken":
        door.store.broken = {"touch"}
    else:
        moved = replace(door.token, version=2)
        door.store.let("touch", lambda: door.store.put(moved))
    door.use("203.0.113.9")
    door.store.broken = set()
    assert door.counts == {}
    door.use()

    assert door.counts == {"203.0.113.0/24": 1, OFFICE_NETWORK: 1}


def test_invented_networks_cost_bounded_writes_and_keep_the_row_short(door: Door) -> None:
    """10,000 prefixes in 83 minutes: one write a minute, five networks, and the first one stays."""
    door.use()
    for n in range(10_000):
        door.clock.advance(SECOND / 2)
        door.use(f"2001:db8:{n:x}::1")

    assert door.store.calls["touch"] <= 10_000 / 2 / 60 + 2
    assert next(iter(door.counts)) == OFFICE_NETWORK
    assert len(door.counts) == 5
    assert len(items.TOKEN.item(door.row)["networks"]["S"]) <= 200


def test_memory_of_networks_is_bounded() -> None:
    """Five networks per token, and 10,000 tokens."""
    networks = NetworksOfUses()
    for n in range(10_001):
        networks.see(str(n), OFFICE_NETWORK, START)
    for n in range(100):
        networks.see("10000", f"10.0.{n}.0/24", START)

    assert not networks.take("0")
    assert networks.take("1") == SeenNetworks().seen(OFFICE_NETWORK, START)
    assert [seen.network for seen in networks.take("10000").networks] == [
        OFFICE_NETWORK,
        *(f"10.0.{n}.0/24" for n in range(96, 100)),
    ]


def test_networks_that_come_back_to_memory_are_the_older_ones() -> None:
    """A use that was noted while the write was under way is newer."""
    networks = NetworksOfUses()
    networks.see("a", "10.0.1.0/24", START)
    taken = networks.take("a")
    networks.see("a", "10.0.2.0/24", START + SECOND)
    networks.put_back("a", taken)

    seen = networks.take("a")
    assert (seen.first, [each.network for each in seen.networks]) == (
        "10.0.1.0/24",
        ["10.0.1.0/24", "10.0.2.0/24"],
    )


REFUSED: Mapping[RefusedReason, Mapping[str, Any]] = {
    RefusedReason.NETWORK: {"allowed_networks": allowed_networks(["10.0.0.0/8"])},
    RefusedReason.PAUSED: {"state": TokenState.INACTIVE},
    RefusedReason.IDLE: {"idle_at": START},
    RefusedReason.ROTATED: {"overlap_ends_at": START},
    RefusedReason.REVOKED: {"generation": "before"},
    RefusedReason.LIFETIME: {"created_at": START - timedelta(days=2)},
}


@pytest.mark.parametrize("reason", REFUSED)
def test_owner_sees_a_refused_use(reason: RefusedReason) -> None:
    """Count, time, reason and network. The row is otherwise as it was."""
    door = Door(max_lifetime=timedelta(days=1) if reason is RefusedReason.LIFETIME else None)
    door.put(**REFUSED[reason])
    before = door.row
    door.refuse()

    assert door.refused == (1, reason, OFFICE_NETWORK)
    assert door.row.refused is not None
    assert door.row.refused.last_at == START
    assert door.store.calls == {"find_for_authorization": 1, "record_refusal": 1}
    assert replace(door.row, refused=None, reuse_count=0, last_reused_at=None) == before


def test_owner_sees_a_use_that_the_door_refuses(door: Door) -> None:
    """The door compares scopes. Its refusal is not counted as a use, and its network is not noted."""
    before = door.row
    caller = replace(A_CALLER, address=OFFICE)
    assert door.verifying.decide("any", caller, lambda _: False).token == before

    assert door.refused == (1, RefusedReason.SCOPE, OFFICE_NETWORK)
    assert door.store.calls == {"find_for_authorization": 1, "record_refusal": 1}
    assert replace(door.row, refused=None) == before
    door.use("203.0.113.9")
    assert door.counts == {"203.0.113.0/24": 1}


def test_refused_use_from_a_new_network_is_marked(door: Door) -> None:
    """The network of an accepted use is not new, and neither is that of the last refused use."""
    door.use(OFFICE)
    door.put(state=TokenState.INACTIVE)
    marks = []
    for address in ("203.0.113.9", "203.0.113.10", OFFICE, "198.51.100.1", None):
        door.refuse(address)
        assert door.row.refused
        marks.append(door.row.refused.is_elsewhere)
        door.clock.advance(REFRESH)
    assert marks == [True, False, False, True, False]


def test_every_reason_has_a_test() -> None:
    """The door compares scopes, so that reason needs no row."""
    assert set(RefusedReason) - set(REFUSED) == {RefusedReason.SCOPE}


def test_refused_uses_are_written_once_per_interval(door: Door) -> None:
    """The uses between are counted in the process. Another process shares the interval."""
    door.put(state=TokenState.INACTIVE)
    for _ in range(3):
        door.refuse()
    door.start()
    door.refuse("203.0.113.9")
    assert (door.store.calls["record_refusal"], door.refused[0]) == (1, 1)
    door.clock.advance(REFRESH)
    door.refuse("203.0.113.9")

    assert door.store.calls["record_refusal"] == 2
    assert door.refused == (3, RefusedReason.PAUSED, "203.0.113.0/24")


@pytest.mark.parametrize("failure", ["lost", "broken"])
def test_refusal_stands_if_it_cannot_be_recorded(door: Door, failure: str) -> None:
    """The next write makes up for it."""
    door.put(state=TokenState.INACTIVE)
    if failure == "broken":
        door.store.broken = {"record_refusal"}
    else:
        door.store.let("record_refusal", lambda: door.put(reuse_count=7, last_reused_at=START))
    with written() as lines:
        door.refuse()
    assert [line["event"] for line in lines] == ["token.refusal_not_recorded"] * (failure == "broken")
    door.store.broken = set()
    assert door.refused[0] == 0
    door.refuse()

    assert door.refused[0] == 2


def test_refusal_does_not_create_or_revive_a_row(door: Door) -> None:
    """TTL may delete the row between the decision and the write."""
    door.put(state=TokenState.INACTIVE)
    door.store.let("record_refusal", lambda: door.store.purge(door.row))
    door.refuse()

    assert door.store.rows() == []


@pytest.mark.parametrize("status", [UserStatus.INACTIVE, UserStatus.REMOVED])
def test_nothing_is_recorded_for_an_owner_who_is_out(door: Door, status: UserStatus) -> None:
    """The owner cannot look, and after a removal nothing new is kept about a person."""
    door.store.put(replace(door.owner, status=status))
    door.refuse(kind=InactiveOwner)

    assert door.store.calls == {"find_for_authorization": 1}


def test_strings_that_are_not_genuine_are_not_counted(door: Door) -> None:
    """A string without its row's expiry may be forged. One that says so itself has expired."""
    door.put(state=TokenState.INACTIVE)
    door.reader.claims = replace(door.reader.claims, expires_at=START)
    door.refuse(kind=WrongClaims)
    door.reader.refusal = ExpiredToken()
    door.refuse(kind=ExpiredToken)

    assert door.store.calls["record_refusal"] == 0


def test_looking_records_no_refusal(door: Door) -> None:
    """Introspection is not a use."""
    door.put(state=TokenState.INACTIVE)
    with pytest.raises(InvalidToken):
        door.verifying.uncounted("any", OFFICE)

    assert door.store.calls == {"find_for_authorization": 1}


def test_allowed_use_records_no_refusal(door: Door) -> None:
    """Nothing is added to the path that allows."""
    door.put(refused=None, state=TokenState.INACTIVE)
    door.refuse()
    door.put(state=TokenState.ACTIVE)
    door.use()
    door.use()

    assert door.store.calls == {"find_for_authorization": 3, "record_refusal": 1, "touch": 1}


def test_store_that_fails_is_no_refusal(door: Door) -> None:
    """Nothing was decided."""
    door.store.broken = {"find_for_authorization"}
    with pytest.raises(StoreUnavailable):
        door.use()

    assert door.store.calls["record_refusal"] == 0


def test_day_that_a_wrong_clock_invented_is_not_kept(door: Door) -> None:
    """The short form ends with the last day, so a far one would push out all others."""
    today, day = START.date(), timedelta(days=1)
    door.put(usage={today: 3, today + day: 2, today + 2 * day: 5})
    door.use()

    assert door.row.usage == {today: 4, today + day: 2}


class TestLines:
    """The network in the line about a decision."""

    @staticmethod
    def network(door: Door, address: str | None, *, refused: bool = False) -> object:
        """Return the network in the line about one use."""
        with written() as lines, logs.entry("authorize"):
            if refused:
                door.refuse(address)
            else:
                door.use(address)
        return lines[-1].get("network")

    @pytest.mark.parametrize(
        ("record", "shown"), [("full", OFFICE), ("prefix", OFFICE_NETWORK), ("off", None)]
    )
    def test_line_has_what_may_be_recorded(self, record: str, shown: str | None) -> None:
        """The setting governs the lines of allowed and of refused uses, and of recent rows."""
        door = Door(RecordNetworks(record), reuse=2 * SECOND)
        assert [self.network(door, OFFICE) for _ in range(2)] == [shown, shown]
        door.put(allowed_networks=allowed_networks(["203.0.113.0/24"]))
        door.start()
        assert self.network(door, OFFICE, refused=True) == shown

    @pytest.mark.parametrize("address", [None, "x", "192.0.2.7:443"])
    def test_unknown_address_is_not_in_the_line(self, door: Door, address: str | None) -> None:
        """A text that is not an address is not copied into a line."""
        assert self.network(door, address) is None

    def test_line_about_a_removed_person_has_no_network(self, door: Door) -> None:
        """After a removal, nothing new is kept about a person. A deactivation keeps no secret."""
        door.store.put(replace(door.owner, status=UserStatus.INACTIVE))
        assert self.network(door, OFFICE, refused=True) == OFFICE_NETWORK
        door.store.put(replace(door.owner, status=UserStatus.REMOVED))
        assert self.network(door, OFFICE, refused=True) is None

    def test_calls_that_count_no_use_have_it_too(self, door: Door) -> None:
        """An introspection names the network of the bearer, as the resource server told it."""
        with written() as lines, logs.entry("token.introspect"):
            door.verifying.uncounted("any", OFFICE)
        assert lines[-1]["network"] == OFFICE_NETWORK
