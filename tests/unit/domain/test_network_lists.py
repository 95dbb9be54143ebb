"""Lists of networks as owners write them: each wrong entry has its own fault."""

import ipaddress
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import InvalidNetwork, TooManyNetworks
from chalicelib.domain.network_lists import MAX_NETWORKS, NetworkFault, allowed_networks, narrows
from chalicelib.domain.networks import Address, Network, allows
from tests.unit.domain.test_networks import NETWORKS, TEXTS, ReferenceNetwork

WRONG = [
    *[(text, NetworkFault.NOT_AN_ADDRESS, None) for text in ("", "/8", "1.2.3", "1.2.3/8", "10.0.*", "*")],
    *[
        (text, NetworkFault.NOT_AN_ADDRESS, None)
        for text in ("1.2.3.4.5/8", "1.2.3.256", "10.0.0.0-10.0.0.9")
    ],
    *[
        (text, NetworkFault.NOT_AN_ADDRESS, None)
        for text in ("example.com", "[::1]/128", "1::2::3/64", "/")
    ],
    *[(text, NetworkFault.NOT_AN_ADDRESS, None) for text in ("\u0661.2.3.4/8", "0x7f.0.0.1", "127.1/32")],
    *[(text, NetworkFault.NOT_AN_ADDRESS, None) for text in ("10.0.0.1\x00/32", "1.2.3.4:80", "\ud800")],
    *[(text, NetworkFault.NOT_AN_ADDRESS, None) for text in ("1" * 100_000, "1.2.3.4,5.6.7.8")],
    *[(text, NetworkFault.LEADING_ZERO, None) for text in ("010.0.0.1", "10.0.0.00/8", "::ffff:10.0.0.01")],
    *[(text, NetworkFault.ZONE, None) for text in ("fe80::1%eth0", "fe80::1%25eth0/64", "10.0.0.1%1")],
    *[
        (text, NetworkFault.WHITE_SPACE, None)
        for text in (" ", " 10.0.0.0/8", "10.0.0.0/8\n", "10.0.0.0 /8")
    ],
    *[
        (text, NetworkFault.WHITE_SPACE, None)
        for text in ("10.0.0.0/ 8", "1 0.0.0.0/8", "::1\u00a0", "::/\t8")
    ],
    *[(text, NetworkFault.LENGTH_NOT_A_NUMBER, None) for text in ("10.0.0.0/+8", "10.0.0.0/08", "::/048")],
    *[
        (text, NetworkFault.LENGTH_NOT_A_NUMBER, None)
        for text in ("10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/x")
    ],
    *[(text, NetworkFault.LENGTH_NOT_A_NUMBER, None) for text in ("10.0.0.0/255.0.0.0", "10.0.0.0/8/8")],
    *[(text, NetworkFault.LENGTH_NOT_A_NUMBER, None) for text in ("10.0.0.0/\u0668", "10.0.0.0/\u00b2")],
    *[(text, NetworkFault.LENGTH_NOT_A_NUMBER, None) for text in ("10.0.0.0/00", "10.0.0.0/8.0", "::/1_0")],
    *[
        (text, NetworkFault.LENGTH_TOO_LARGE, None)
        for text in ("10.0.0.0/33", "::/129", "::/" + "9" * 9_999)
    ],
    ("::ffff:10.0.0.0/129", NetworkFault.LENGTH_TOO_LARGE, None),
    *[(text, NetworkFault.MAPPED_AND_MORE, None) for text in ("::ffff:0:0/95", "::ffff:10.0.0.0/8")],
    *[
        (text, NetworkFault.EVERYWHERE, None)
        for text in ("0.0.0.0/0", "::/0", "::ffff:0:0/96", "10.0.0.0/0")
    ],
    *[
        (text, NetworkFault.EVERYWHERE, None)
        for text in ("::ffff:10.0.0.0/96", "::ffff:0:0/0", "2001:db8::/0")
    ],
    ("10.0.0.1/8", NetworkFault.HOST_BITS, "10.0.0.0/8"),
    ("255.255.255.255/1", NetworkFault.HOST_BITS, "128.0.0.0/1"),
    ("2001:DB8::1/32", NetworkFault.HOST_BITS, "2001:db8::/32"),
    ("::ffff:10.0.0.1/104", NetworkFault.HOST_BITS, "10.0.0.0/8"),
]


@pytest.mark.parametrize(("text", "fault", "corrected"), WRONG, ids=lambda value: repr(value)[:30])
def test_each_wrong_entry_has_its_fault(text: str, fault: NetworkFault, corrected: str | None) -> None:
    """The error carries the values from which a front makes a sentence."""
    with pytest.raises(InvalidNetwork) as refused:
        allowed_networks(["192.0.2.0/24", text])

    assert (refused.value.fault, refused.value.corrected) == (fault, corrected)
    assert refused.value.text == text
    assert refused.value.code == "invalid_request"


def test_every_fault_has_an_example() -> None:
    """A fault without an example could not happen."""
    assert {fault for _, fault, _ in WRONG} | {NetworkFault.REPEATED} == set(NetworkFault)


@pytest.mark.parametrize(("text", "longest"), [("10.0.0.0/33", 32), ("::/129", 128)])
def test_a_length_that_is_too_large_comes_with_the_largest(text: str, longest: int) -> None:
    """The largest length depends on the version of the address."""
    with pytest.raises(InvalidNetwork) as refused:
        allowed_networks([text])

    assert refused.value.longest == longest


@pytest.mark.parametrize(
    ("texts", "canonical"),
    [
        (["10.0.0.0/8", "10.0.0.0/8"], "10.0.0.0/8"),
        (["10.0.0.0/8", "::ffff:10.0.0.0/104"], "10.0.0.0/8"),
        (["192.0.2.1", "192.0.2.1/32"], "192.0.2.1/32"),
        (["2001:db8::/32", "::1", "2001:DB8:0::/32"], "2001:db8::/32"),
    ],
)
def test_an_entry_that_is_repeated_is_refused(texts: list[str], canonical: str) -> None:
    """Two spellings of one network are the same entry."""
    with pytest.raises(InvalidNetwork) as refused:
        allowed_networks(texts)

    assert (refused.value.fault, refused.value.corrected) == (NetworkFault.REPEATED, canonical)
    assert refused.value.text == texts[-1]


def test_a_list_has_a_largest_length() -> None:
    """Ten entries are accepted and eleven are not, also if all of them are wrong."""
    texts = [f"10.{number}.0.0/16" for number in range(MAX_NETWORKS + 1)]

    assert len(allowed_networks(texts[:-1])) == MAX_NETWORKS == 10
    for too_many in (texts, ["x"] * 11):
        with pytest.raises(TooManyNetworks) as refused:
            allowed_networks(too_many)
        assert refused.value.most == 10


@given(st.lists(NETWORKS, max_size=MAX_NETWORKS, unique=True))
def test_lists_keep_their_order_and_come_back(networks: list[ReferenceNetwork]) -> None:
    """The canonical texts of a list are the same list."""
    listed = allowed_networks([str(network) for network in networks])

    texts = [str(network) for network in listed]
    assert texts == [str(network) for network in networks]
    assert allowed_networks(texts) == listed


@given(TEXTS, TEXTS | st.integers(-1, 130).map(str))
def test_every_text_is_a_network_or_has_a_fault(text: str, length: str) -> None:
    """No text fails in another way, and a corrected form is always accepted."""
    for each in (text, f"{text}/{length}"):
        network = Network.parse(each)
        if network:
            assert allowed_networks([each]) == (network,)
            continue
        with pytest.raises(InvalidNetwork) as refused:
            allowed_networks([each])
        if refused.value.corrected:
            assert allowed_networks([refused.value.corrected])


@given(NETWORKS, st.integers(0, 2**128 - 1))
def test_host_bits_are_corrected_as_the_reference_does(network: ReferenceNetwork, noise: int) -> None:
    """The corrected form is the network that holds the address."""
    host = int(network.network_address) | noise & int(network.hostmask)
    if host == int(network.network_address):
        return
    address = type(network.network_address)(host)

    with pytest.raises(InvalidNetwork) as refused:
        allowed_networks([f"{address}/{network.prefixlen}"])

    assert (refused.value.fault, refused.value.corrected) == (NetworkFault.HOST_BITS, str(network))


SMALL = ["10.0.0.0/30", "10.0.0.0/31", "10.0.0.2/31", "10.0.0.0/32", "10.0.0.3/32", "::/127", "::1/128"]
LISTS = [list(each) for size in range(3) for each in itertools.combinations(SMALL, size)]
SOME = [*map(str, ipaddress.ip_network("10.0.0.0/29")), *map(str, ipaddress.ip_network("::/126"))]


@pytest.mark.parametrize("before", LISTS, ids=str)
def test_a_change_that_narrows_is_known(before: list[str]) -> None:
    """No change refuses an allowed address without being known to narrow."""
    addresses = [Address.parse(text) for text in SOME]
    for after in LISTS:
        old, new = allowed_networks(before), allowed_networks(after)
        if any(allows(old, each) and not allows(new, each) for each in addresses):
            assert narrows(old, new)
        if before and set(before) <= set(after):
            assert not narrows(old, new)


def test_widening_does_not_narrow() -> None:
    """A larger network, another entry, and no list at all widen. A first list narrows."""
    small, large = allowed_networks(["10.1.0.0/16"]), allowed_networks(["10.0.0.0/8", "::1"])

    assert not narrows(small, large)
    assert not narrows(small, ())
    assert not narrows((), ())
    assert not narrows(large, large)
    assert narrows(large, small)
    assert narrows((), small)
