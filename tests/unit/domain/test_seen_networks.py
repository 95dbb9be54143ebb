"""Networks of a token's uses: bounded, and no stranger pushes out the first one."""

from collections import Counter
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.networks import RecordNetworks
from chalicelib.domain.seen_networks import (
    MAX_SEEN_NETWORKS,
    RefusedReason,
    RefusedUses,
    SeenNetwork,
    SeenNetworks,
    refused_again,
)
from tests.support.clock import START

NETWORKS = st.integers(0, 8).map(lambda number: f"10.0.{number}.0/24")
# Clocks of machines differ, and may be set back.
TIMES = st.integers(-(10**9), 10**9).map(lambda ms: START + timedelta(milliseconds=ms))
USES = st.lists(st.tuples(NETWORKS, TIMES, st.integers(1, 1000)), max_size=40)


def after(uses: list[tuple[str, datetime, int]]) -> SeenNetworks:
    """Return the networks after some uses."""
    seen = SeenNetworks()
    for network, at, count in uses:
        seen = seen.seen(network, at, count)
    return seen


@given(USES)
def test_networks_are_bounded_and_each_is_named_once(uses: list[tuple[str, datetime, int]]) -> None:
    """At most five are kept. Fewer than six are all kept."""
    seen = after(uses)
    names = [each.network for each in seen.networks]

    used = {network for network, _, _ in uses}
    assert len(names) == len(set(names)) == min(len(used), MAX_SEEN_NETWORKS)
    assert bool(seen) is bool(uses)
    assert all(seen.includes(network) is (network in names) for network in used)


@given(USES.filter(bool))
def test_the_first_network_is_never_pushed_out(uses: list[tuple[str, datetime, int]]) -> None:
    """It is there after every use, with all of its uses."""
    first = uses[0][0]
    seen = after(uses)

    counts = {each.network: each.count for each in seen.networks}
    assert seen.first == first
    assert counts[first] == sum(count for network, _, count in uses if network == first)


@given(USES)
def test_counts_are_lower_bounds(uses: list[tuple[str, datetime, int]]) -> None:
    """A network that made room and came back has lost uses. None has gained one."""
    true = Counter[str]()
    for network, _, count in uses:
        true[network] += count

    assert all(1 <= each.count <= true[each.network] for each in after(uses).networks)


@given(USES.filter(bool))
def test_the_newest_is_the_last_use(uses: list[tuple[str, datetime, int]]) -> None:
    """The last use is shown with its time in whole seconds, whatever the clocks said before."""
    network, at, _ = uses[-1]
    newest = after(uses).newest

    assert newest
    assert (newest.network, newest.last_at) == (network, at.replace(microsecond=0))
    assert SeenNetworks().newest is None


@given(USES)
def test_others_are_the_last_that_were_used(uses: list[tuple[str, datetime, int]]) -> None:
    """Beside the first one, the networks of the last uses stay, in the order of these uses."""
    recent = list(dict.fromkeys(network for network, _, _ in reversed(uses)))
    first = uses[0][0] if uses else ""
    others = [network for network in recent if network != first][: MAX_SEEN_NETWORKS - 1]

    expected = [network for network in reversed(recent) if network == first or network in others]
    assert [each.network for each in after(uses).networks] == expected


def test_ten_thousand_invented_networks_leave_the_owners_own() -> None:
    """A thief who rotates networks fills four places."""
    seen = SeenNetworks().seen("192.0.2.0/24", START, 3)
    for number in range(10_000):
        seen = seen.seen(f"10.{number >> 8}.{number & 255}.0/24", START + timedelta(seconds=number))

    assert seen.networks[0] == SeenNetwork("192.0.2.0/24", START, 3)
    assert [each.network for each in seen.networks[1:]] == [f"10.39.{n}.0/24" for n in (12, 13, 14, 15)]


def test_networks_that_become_equal_join() -> None:
    """Their counts are added, the first stays the first, and the order is that of the last uses."""
    seen = SeenNetworks()
    for second, network in enumerate(["192.0.2.1", "10.0.0.1", "192.0.2.2", "2001:db8::1", "10.0.0.2"]):
        seen = seen.seen(network, START + timedelta(seconds=second), count=second + 1)

    limited = seen.limited_to(RecordNetworks.PREFIX)

    assert limited.first == "192.0.2.0/24"
    assert [(each.network, each.count) for each in limited.networks] == [
        ("192.0.2.0/24", 4),
        ("2001:db8::/48", 4),
        ("10.0.0.0/24", 7),
    ]
    assert limited.newest == SeenNetwork("10.0.0.0/24", START + timedelta(seconds=4), 7)
    assert seen.limited_to(RecordNetworks.FULL) == seen
    assert seen.limited_to(RecordNetworks.OFF) == SeenNetworks()


@given(st.lists(st.tuples(st.sampled_from(RefusedReason), st.none() | NETWORKS, TIMES, st.integers(1, 99))))
def test_refused_uses_are_counted_and_the_last_is_kept(
    refusals: list[tuple[RefusedReason, str | None, datetime, int]],
) -> None:
    """The number grows by each refusal. The rest is that of the last one.

    Without a recorded use, only the token's list tells that a network is new.
    """
    refused: RefusedUses | None = None
    total = 0
    for reason, network, at, count in refusals:
        total += count
        is_other = network not in {None, refused.last_from if refused else None}
        refused = refused_again(refused, reason, network, at, count)
        is_new = is_other and reason is RefusedReason.NETWORK
        assert refused == RefusedUses(total, at.replace(microsecond=0), reason, network, is_new)
