"""Short forms of networks and uses: they come back, stay short, and what a touch writes is always read."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.dynamodb import attributes, compact
from chalicelib.domain.networks import Network
from chalicelib.domain.noticed import Notice, NoticeKind
from chalicelib.domain.seen_networks import RefusedReason, RefusedUses, SeenNetwork, SeenNetworks
from chalicelib.domain.usage import USAGE_DAYS
from tests.support.clock import START

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
TODAY = START.date()

MAX_COUNT = 36**6 - 1
MAX_DAILY_USES = 32**6 - 1

LATEST = int(datetime(4400, 1, 1, tzinfo=UTC).timestamp())
TIMES = st.integers(0, LATEST).map(lambda seconds: EPOCH + timedelta(seconds=seconds))
COUNTS = st.integers(0, 50) | st.integers(0, MAX_COUNT)
IPV6 = st.ip_addresses(v=6).map(str)
NETWORKS = st.ip_addresses().map(str) | IPV6.map(lambda text: f"{text}/48")
LONGEST_PREFIX = "2001:1db8:abc{}::/48"


@st.composite
def seen_networks(draw: st.DrawFn) -> SeenNetworks:
    """Draw networks as uses leave them."""
    seen = SeenNetworks()
    for network, at, count in draw(st.lists(st.tuples(NETWORKS, TIMES, st.integers(1, 99)), max_size=9)):
        seen = seen.seen(network, at, count)
    return seen


REFUSED = st.builds(
    RefusedUses,
    COUNTS,
    TIMES,
    st.none() | st.sampled_from(RefusedReason),
    st.none() | NETWORKS,
    st.booleans(),
)

# Any counts, with gaps. The last day may be any day: a clock was ahead, or was set back.
USAGE = st.builds(
    lambda last, counts: {last - ago * DAY: count for ago, count in counts.items()},
    st.dates(date(1970, 3, 1)),
    st.dictionaries(st.integers(0, USAGE_DAYS), st.integers(1, MAX_DAILY_USES), min_size=1),
)


NOTICES: list[tuple[NoticeKind, int]] = [
    *((kind, days) for kind in (NoticeKind.IDLING, NoticeKind.EXPIRING) for days in (7, 3, 1)),
    (NoticeKind.NEVER_USED, 0),
]
NOTICED = st.lists(
    st.builds(
        lambda notice, on: Notice(notice[0], notice[1], on),
        st.sampled_from(NOTICES),
        st.dates(date(1970, 1, 1), date(2090, 1, 1)),
    ),
    max_size=3,
).map(tuple)


LISTS = st.lists(st.ip_addresses(), max_size=10).map(
    lambda addresses: tuple(network for network in map(Network.parse, map(str, addresses)) if network)
)


@given(st.lists(st.ip_addresses(), min_size=1, max_size=10))
def test_lists_of_networks_come_back(addresses: list[Any]) -> None:
    """The form has the canonical texts in the order of the list."""
    networks = tuple(network for network in map(Network.parse, map(str, addresses)) if network)

    stored = compact.allowed_networks(networks)

    assert stored == {"S": " ".join(map(str, networks))}
    assert compact.allowed_networks.read(stored) == networks


@pytest.mark.parametrize(
    "stored", ["", " ", "10.0.0.0/8 ", "10.0.0.0/8  ::1/128", "10.0.0.0/8 later", "10.0.0.1/8", "0.0.0.0/0"]
)
def test_a_damaged_list_of_networks_is_not_read(stored: str) -> None:
    """A list without its parts would allow everything."""
    with pytest.raises(ValueError, match="not a list"):
        compact.allowed_networks.read({"S": stored})


@given(seen_networks())
def test_seen_networks_come_back(seen: SeenNetworks) -> None:
    """Order, times, counts and the first network are read as they were written."""
    assert compact.seen_networks.read(compact.seen_networks(seen)) == seen


@pytest.mark.parametrize(
    ("network", "written"),
    [
        ("2001:db8:1::/48", "2001:db8:1"),
        ("2001:db8::/48", "2001:db8"),
        ("2001::/48", "2001::/48"),
        ("::/48", "::/48"),
        ("::ffff:0:0/96", "::ffff:0:0/96"),
        ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
        ("2001:db8::1", "2001:db8::1"),
        ("1:2:3::", "1:2:3::"),
    ],
)
def test_recorded_ipv6_networks_are_written_without_their_end(network: str, written: str) -> None:
    """A row that has the end is read as well. Every other network and address keeps its own text."""
    seen, refused = SeenNetworks().seen(network, START), RefusedUses(1, START, None, network)

    assert compact.seen_networks(seen) == {"S": f"*{written}=t8wmo0:1"}
    assert compact.refused_uses(refused) == {"S": f"1 t8wmo0 - {written}"}
    for text in (network, written):
        assert compact.seen_networks.read({"S": f"*{text}=t8wmo0:1"}) == seen
        assert compact.refused_uses.read({"S": f"1 t8wmo0 - {text}"}) == refused


@given(REFUSED)
def test_refused_uses_come_back(refused: RefusedUses) -> None:
    """An unknown reason and an unknown network come back as unknown."""
    assert compact.refused_uses.read(compact.refused_uses(refused)) == refused


@given(NOTICED)
def test_notices_come_back(notices: tuple[Notice, ...]) -> None:
    """In their order. Each takes four characters."""
    stored = compact.noticed(notices)

    assert compact.noticed.read(stored) == notices
    assert len(stored["S"]) == 4 * len(notices)


@pytest.mark.parametrize(
    ("stored", "count"), [("", 0), ("a", 0), ("ag1", 1), ("zg1s", 0), ("ag1sx---ng1s", 2), ("a-1s", 0)]
)
def test_notices_that_are_not_understood_are_left_out(stored: str, count: int) -> None:
    """A later release may add kinds and stages."""
    assert len(compact.noticed.read({"S": stored})) == count


@given(USAGE)
def test_daily_uses_come_back(usage: Mapping[date, int]) -> None:
    """The days come back in their order, which is that of the old form."""
    read = compact.daily_uses.read(compact.daily_uses(usage))

    assert read == usage
    assert list(read) == sorted(usage)
    assert read == attributes.usage.read(attributes.usage(usage))


@given(st.dictionaries(st.dates(), st.integers(0, 10**12), min_size=1))
def test_days_far_apart_do_not_make_the_form_longer(usage: Mapping[date, int]) -> None:
    """If a clock was far ahead or set back, the newest days stay. Counts remain lower bounds."""
    stored = compact.daily_uses(usage)["S"]
    first = max(usage).toordinal() - USAGE_DAYS

    expected = {
        day: min(count, MAX_DAILY_USES)
        for day, count in usage.items()
        if count and day.toordinal() >= first
    }
    assert compact.daily_uses.read({"S": stored}) == expected
    assert len(stored) <= 4 + 6 * (USAGE_DAYS + 1)


@pytest.mark.parametrize(("count", "size"), [(31, 34), (1_023, 64), (9_999, 94), (32_767, 94)])
def test_thirty_days_take_about_100_bytes(count: int, size: int) -> None:
    """The old form of the same days takes up to 500."""
    usage = {TODAY - ago * DAY: count for ago in range(USAGE_DAYS)}

    assert len(compact.daily_uses(usage)["S"]) == size
    assert len(attributes.usage(usage)["S"]) >= 13 * USAGE_DAYS


def test_five_prefixes_stay_short() -> None:
    """The longest prefixes with ordinary counts, and with the largest."""
    sizes = []
    for count in (999, 10**12):
        seen = SeenNetworks()
        for number in range(5):
            seen = seen.seen(LONGEST_PREFIX.format(number), START, count)
        sizes.append(len(compact.seen_networks(seen)["S"]))

    assert sizes == [125, 145]


def test_five_addresses_and_a_refusal_stay_short() -> None:
    """The longest addresses, for an operator who records them in full."""
    seen = SeenNetworks()
    for number in range(5):
        seen = seen.seen(f"2001:1db8:abc{number}:1234:5678:9abc:def0:1234", START, 10**12)
    refused = RefusedUses(10**12, START, RefusedReason.LIFETIME, LONGEST_PREFIX.format(0))

    assert len(compact.seen_networks(seen)["S"]) == 270
    assert len(compact.refused_uses(refused)["S"]) == 37


def test_forms_are_pinned() -> None:
    """Stored rows have these forms, so no release may change them."""
    seen = SeenNetworks().seen("10.1.2.0/24", START, 7).seen("2001:db8::/48", START + DAY, 36)
    refused = RefusedUses(51, START, RefusedReason.NETWORK, "192.0.2.0/24")
    usage = {TODAY: 3, TODAY - 2 * DAY: 40}

    assert compact.seen_networks(seen) == {"S": "*10.1.2.0/24=t8wmo0:7 2001:db8=t8yhc0:10"}
    assert compact.refused_uses(refused) == {"S": "1f t8wmo0 network 192.0.2.0/24"}
    assert compact.daily_uses(usage) == {"S": "vpyWDAoB"}
    notices = (Notice(NoticeKind.IDLING, 7, TODAY), Notice(NoticeKind.NEVER_USED, 0, TODAY))
    assert compact.noticed(notices) == {"S": "afsknfsk"}


FORMS: list[tuple[Callable[[Mapping[str, str]], Any], str]] = [
    (compact.seen_networks.read, "*10.1.2.0/24=t8wmo0:7 2001:db8::/48=t8yhc0:10"),
    (compact.seen_networks.read, "*10.1.2.0/24=t8wmo0:7 2001:db8=t8yhc0:10"),
    (compact.refused_uses.read, "1f t8wmo0 network 192.0.2.0/24"),
    (compact.daily_uses.read, "vpyWDAoB"),
    (compact.noticed.read, "afsvnfsv"),
]
CHARACTERS = "0123456789abcz*=:./ -+_AZ\x00\u0663\U0001f511"


@given(st.sampled_from(FORMS), st.data())
def test_reading_never_raises(
    form: tuple[Callable[[Mapping[str, str]], Any], str], data: st.DataObject
) -> None:
    """Any text is read, also a form that is damaged at one place."""
    read, stored = form
    at = data.draw(st.integers(0, len(stored)))
    cut = data.draw(st.integers(0, 5))
    damage = data.draw(st.text(st.sampled_from(CHARACTERS) | st.characters(), max_size=20))

    read({"S": damage})
    read({"S": stored[:at] + damage + stored[at + cut :]})


@pytest.mark.parametrize("read", [read for read, _ in FORMS])
@pytest.mark.parametrize(
    "part", ["9", "z", "g", "/", "=", ":", " ", "*", "1=1:1 ", "1=zzzzzzzz:1", "\u0663"]
)
def test_long_texts_are_read_in_linear_time(read: Callable[[Mapping[str, str]], Any], part: str) -> None:
    """A row holds at most 400 KB, and what it holds is bounded when it is read."""
    result = read({"S": part * (400_000 // len(part))})

    size = len(result.networks) if isinstance(result, SeenNetworks) else len(result or ())
    assert size <= USAGE_DAYS + 1


@pytest.mark.parametrize(
    ("stored", "networks"),
    [
        ("", []),
        ("10.1.2.0/24=t8wmo0:7:new", ["10.1.2.0/24"]),
        ("10.1.2.0/24=t8wmo0 10.1.3.0/24=t8wmo0:1", ["10.1.3.0/24"]),
        ("10.1.2.0/24=:7 =t8wmo0:7 10.1.3.0/24 ~new", []),
        ("10.1.2.0/24=-1:7 10.1.2.0/24=t8wmo0:+7 10.1.2.0/24=1_0:7 10.1.2.0/24=\u0663:7", []),
        ("10.1.2.0/24=zzzzzzzz:7 <b>=t8wmo0:7", []),
        ("10.1.2.0/24=1:7 *10.1.3.0/24=1:1 10.1.2.0/24=2:8", ["10.1.3.0/24", "10.1.2.0/24"]),
        ("0=1:1 *1=1:1 2=1:1 3=1:1 4=1:1 5=1:1 6=1:1", ["1", "3", "4", "5", "6"]),
    ],
)
def test_parts_that_are_not_understood_are_left_out(stored: str, networks: list[str]) -> None:
    """A later release may add to a part, or add parts. The rest is read."""
    assert [each.network for each in compact.seen_networks.read({"S": stored}).networks] == networks


def test_the_first_part_counts_as_the_first_network_if_none_is_marked() -> None:
    """A damaged mark does not leave the networks without a first one."""
    seen = compact.seen_networks.read({"S": "10.1.2.0/24=1:7 10.1.3.0/24=1:1"})

    second = EPOCH + timedelta(seconds=1)
    parts = (SeenNetwork("10.1.2.0/24", second, 7), SeenNetwork("10.1.3.0/24", second, 1))
    assert seen == SeenNetworks("10.1.2.0/24", parts)


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ("", None),
        ("1f", None),
        ("1f - network -", None),
        ("-1 1 network -", None),
        ("1f 1", RefusedUses(51, EPOCH + timedelta(seconds=1), None, None)),
        ("1f 1 later 10.0.0.0/24 new", RefusedUses(51, EPOCH + timedelta(seconds=1), None, "10.0.0.0/24")),
        ("1f 1 idle <b>", RefusedUses(51, EPOCH + timedelta(seconds=1), RefusedReason.IDLE, None)),
        ("+1f 1 idle -", RefusedUses(51, EPOCH + timedelta(seconds=1), RefusedReason.IDLE, None, True)),
        ("+", None),
        ("++1f 1 idle -", None),
    ],
)
def test_refused_uses_of_later_releases_are_read(stored: str, expected: RefusedUses | None) -> None:
    """An unknown reason does not lose the count."""
    assert compact.refused_uses.read({"S": stored}) == expected


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ("", {}),
        ("A", {}),
        ("vpyWA", {}),
        ("vpyWD", {TODAY: 3}),
        ("vpyWDAo", {TODAY: 3}),
        ("vpyWD new", {TODAY: 3}),
        ("vpyWD\u0663D", {TODAY: 3}),
        ("vpyWDggggggB", {TODAY: 3}),
        ("//////////", {}),
        ("CDD", {date(1, 1, 2): 3, date(1, 1, 1): 3}),
        ("CDDD", {}),
    ],
)
def test_daily_uses_end_at_the_first_damage(stored: str, expected: Mapping[date, int]) -> None:
    """The days before the damage are the newest ones."""
    assert compact.daily_uses.read({"S": stored}) == expected
