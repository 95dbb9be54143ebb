"""Addresses and networks, compared with ``ipaddress`` as an independent reference."""

import ipaddress
import socket
from collections.abc import Sequence
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain import networks as networks_module
from chalicelib.domain.networks import (
    Address,
    Network,
    RecordNetworks,
    allows,
    recorded,
    still_recorded,
)

Reference: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
ReferenceNetwork: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")

# Few bits set, so that networks and addresses meet.
SPARSE = st.lists(st.integers(0, 127), max_size=4).map(lambda bits: sum({1 << bit for bit in bits}))
IPV4 = (SPARSE.map(lambda n: n & 0xFFFFFFFF) | st.integers(0, 2**32 - 1)).map(ipaddress.IPv4Address)
IPV6 = (SPARSE | st.integers(0, 2**128 - 1)).map(ipaddress.IPv6Address)
MAPPED_IPV6 = IPV4.map(lambda address: ipaddress.IPv6Address(int(MAPPED.network_address) + int(address)))
ADDRESSES: st.SearchStrategy[Reference] = IPV4 | IPV6 | MAPPED_IPV6

# Texts near valid ones: the characters of addresses, and those that other parsers accept beside them.
NEARLY = st.text(
    st.sampled_from("0123456789abcdefABCDEF.:/%+-_ \t\n\x00\u0663\uff11\u3002xX[]*"), max_size=50
)
PARTS = st.sampled_from(
    ["0", "00", "010", "1", "255", "256", "-1", "+1", " 1", "", "ffff", "0001", "00001"]
)
DOTTED = st.lists(PARTS, min_size=3, max_size=5).map(".".join)
COLONS = st.lists(PARTS | DOTTED, min_size=2, max_size=9).map(":".join)
TEXTS = NEARLY | DOTTED | COLONS | st.text(max_size=20) | st.from_regex(r"[0-9a-f:.]{0,46}", fullmatch=True)


def spellings(address: Reference) -> st.SearchStrategy[str]:
    """Return a strategy for the spellings of an address."""
    texts = [str(address), str(address).upper(), address.exploded]
    if isinstance(address, ipaddress.IPv6Address):
        low = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        texts.append(f"{address.exploded.rpartition(':')[0].rpartition(':')[0]}:{low}")
    return st.sampled_from(texts)


def plain(address: Reference) -> Reference:
    """Return the IPv4 address of an IPv4-mapped one."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def reference_of(text: str) -> Reference | None:
    """Return the address that ``ipaddress`` reads."""
    # It reads zone ids, and we do not.
    if "%" in text:
        return None
    try:
        return plain(ipaddress.ip_address(text))
    except ValueError:
        return None


def reference_network(text: str) -> ReferenceNetwork | None:
    """Return the network that ``ipaddress`` reads, if it may be listed."""
    _, slash, digits = text.partition("/")
    # It reads zone ids and netmasks, and leading zeros of lengths. We do not.
    if "%" in text or (slash and digits not in {str(length) for length in range(129)}):
        return None
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        return None
    if isinstance(network, ipaddress.IPv6Network) and network.network_address.ipv4_mapped is not None:
        if network.prefixlen < 96:
            return None
        network = ipaddress.IPv4Network((network.network_address.ipv4_mapped, network.prefixlen - 96))
    return network if network.prefixlen else None


@st.composite
def networks(draw: st.DrawFn) -> ReferenceNetwork:
    """Draw a network that may be listed."""
    address = plain(draw(ADDRESSES))
    return ipaddress.ip_network((address, draw(st.integers(1, address.max_prefixlen))), strict=False)


# An IPv6 network may not begin at the IPv4-mapped addresses.
NETWORKS = networks().filter(lambda network: reference_network(str(network)) is not None)


@given(ADDRESSES.flatmap(lambda address: st.tuples(st.just(address), spellings(address))))
def test_spellings_of_an_address_are_one_value(drawn: tuple[Reference, str]) -> None:
    """Each spelling is the same address, and its canonical text is that of RFC 5952."""
    address, text = drawn
    expected = plain(address)

    parsed = Address.parse(text)

    assert parsed == Address(expected.max_prefixlen, int(expected))
    assert str(parsed) == str(expected)
    assert Address.parse(str(parsed)) == parsed


@settings(max_examples=500)
@given(TEXTS)
def test_texts_are_addresses_if_the_reference_reads_them(text: str) -> None:
    """No text is an address for one of the two only."""
    address, expected = Address.parse(text), reference_of(text)

    assert (str(address) if address else None) == (str(expected) if expected else None)


@settings(max_examples=500)
@given(TEXTS, TEXTS.filter(lambda text: len(text) < 8) | st.integers(-1, 130).map(str))
def test_texts_are_networks_if_the_reference_reads_them(text: str, length: str) -> None:
    """No text is a network for one of the two only."""
    for each in (text, f"{text}/{length}"):
        network, expected = Network.parse(each), reference_network(each)
        assert (str(network) if network else None) == (str(expected) if expected else None)


@given(ADDRESSES.flatmap(spellings), st.integers(-1, 130))
def test_lengths_agree_with_the_reference(text: str, length: int) -> None:
    """Host bits, lengths and IPv4-mapped networks are read as the reference reads them."""
    network, expected = Network.parse(f"{text}/{length}"), reference_network(f"{text}/{length}")

    assert (str(network) if network else None) == (str(expected) if expected else None)


@settings(max_examples=300)
@given(st.lists(NETWORKS, max_size=11), st.data())
def test_lists_allow_what_the_reference_allows(listed: list[ReferenceNetwork], data: st.DataObject) -> None:
    """Function and reference agree for every address and list."""
    inside = [
        st.integers(int(network[0]), int(network[-1])).map(type(network.network_address))
        for network in listed
    ]
    address: Reference = data.draw(st.one_of(ADDRESSES, *inside))
    parsed = [Network.parse(str(network)) for network in listed]
    kept = [network for network in parsed if network]

    allowed = allows(kept, Address.parse(str(address)))

    assert [str(network) for network in kept] == [str(network) for network in listed]
    assert allowed is (not listed or any(plain(address) in network for network in listed))


@given(NETWORKS)
def test_edges_of_a_network(network: ReferenceNetwork) -> None:
    """The first and the last address are inside. Their neighbours are not."""
    parsed = Network.parse(str(network))
    assert parsed
    first, last, bits = int(network[0]), int(network[-1]), network.max_prefixlen

    assert parsed.holds(Address(bits, first))
    assert parsed.holds(Address(bits, last))
    assert first == 0 or not parsed.holds(Address(bits, first - 1))
    assert last == 2**bits - 1 or not parsed.holds(Address(bits, last + 1))


@given(NETWORKS, NETWORKS)
def test_a_network_covers_its_subnets(one: ReferenceNetwork, other: ReferenceNetwork) -> None:
    """A network covers itself and each smaller network in it."""
    wide, narrow = Network.parse(str(one)), Network.parse(str(other))
    assert wide
    assert narrow

    is_subnet = one.version == other.version and other.subnet_of(one)  # type: ignore[arg-type]
    assert wide.covers(narrow) is is_subnet
    assert wide.covers(wide)


@pytest.mark.parametrize("networks", [[], ["10.0.0.0/8"], ["::1/128", "10.0.0.0/8"]])
def test_an_unknown_address_is_allowed_by_an_empty_list_only(networks: Sequence[str]) -> None:
    """A list fails closed."""
    listed = [network for network in map(Network.parse, networks) if network]

    assert allows(listed, None) is (networks == [])


@pytest.mark.parametrize(
    "unverified",
    [
        *(None, "", " ", 7, 2130706433, b"10.0.0.1", ["10.0.0.1"], "unknown", "test-invoke-source-ip"),
        *(
            "10.0.0.1:443",
            "[::1]",
            "[::1]:443",
            "10.0.0.1, 10.0.0.2",
            "10.0.0.1 ",
            "\t10.0.0.1",
            "10.0.0.1\n",
        ),
        *("10.0.0.1\x00", "10.0.0.1\x00.example", "\x0010.0.0.1", "::1\x00", "::1%eth0", "fe80::1%1"),
        *("010.0.0.1", "10.0.0.01", "0x7f.0.0.1", "2130706433", "127.1", "1.2.3", "1.2.3.4.5", "1.2.3.256"),
        *("\u0661.2.3.4", "\uff11.2.3.4", "1\u30022.3.4", "\ud800", "::\ud800", "1.2.3.-4", "1.2.3.+4"),
        *("::ffff:010.0.0.1", "::ffff:1.2.3", ":::", "1::2::3", "::12345", "1:2:3:4:5:6:7", "10.0.0.1/32"),
        *("1:2:3:4:5:6:7:8:9", "g::", "0" * 1_000_000 + "1.2.3.4", "1" * 1_000_000, ":" * 1_000_000),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_other_values_are_not_addresses(unverified: object) -> None:
    """An event may have anything at the place of the address. The caller gets None and refuses."""
    assert Address.parse(unverified) is None


@pytest.mark.parametrize("text", ["010.0.0.1", "10.0.0.01", "::ffff:10.0.0.010", "::010.0.0.1"])
def test_leading_zeros_are_refused_on_every_system(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Some systems read them, as octal or as decimal."""
    head, colon, quad = text.rpartition(":")

    def read_decimal(family: socket.AddressFamily, _: str) -> bytes:
        return socket.inet_pton(family, head + colon + ".".join(str(int(part)) for part in quad.split(".")))

    monkeypatch.setattr(networks_module, "inet_pton", read_decimal)

    assert Address.parse(text) is None
    assert Network.parse(f"{text}/32") is None


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("::FFFF:a00:1", "10.0.0.1"),
        ("0:0:0:0:0:ffff:10.0.0.1", "10.0.0.1"),
        ("0000:0000:0000:0000:0000:FFFF:255.255.255.255", "255.255.255.255"),
        ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
        ("1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"),
        ("10:0:0:2:3:4:5:6", "10::2:3:4:5:6"),
        ("::", "::"),
        ("::1.2.3.4", "::102:304"),
        ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
    ],
)
def test_canonical_texts(text: str, canonical: str) -> None:
    """Examples of RFC 5952 section 4, and addresses that end with a dotted quad."""
    assert str(Address.parse(text)) == canonical


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("192.0.2.7", "192.0.2.7/32"),
        ("2001:DB8::/32", "2001:db8::/32"),
        ("::1", "::1/128"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("::ffff:10.0.0.1", "10.0.0.1/32"),
        ("128.0.0.0/1", "128.0.0.0/1"),
        ("::/1", "::/1"),
    ],
)
def test_networks_have_a_canonical_text(text: str, canonical: str) -> None:
    """An address alone is a network of one address."""
    network = Network.parse(text)

    assert str(network) == canonical
    assert Network.parse(canonical) == network


@pytest.mark.parametrize("listed", ["::/1", "::/80", "::/95", "::/97"])
def test_an_ipv6_network_has_no_ipv4_address(listed: str) -> None:
    """The IPv4-mapped addresses lie in ::/80, but they are IPv4 addresses here."""
    network = Network.parse(listed)
    assert network

    assert not allows([network], Address.parse("::ffff:10.0.0.1"))
    assert not allows([network], Address.parse("10.0.0.1"))


@pytest.mark.parametrize(
    ("text", "full", "prefix"),
    [
        ("192.0.2.77", "192.0.2.77", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:abcd:12::7", "2001:db8:abcd:12::7", "2001:db8:abcd::/48"),
        ("::1", "::1", "::/48"),
        ("not an address", None, None),
    ],
)
def test_the_setting_says_what_is_recorded(text: str, full: str | None, prefix: str | None) -> None:
    """The address itself is recorded only if the operator asks for it."""
    address = Address.parse(text)

    assert recorded(address, RecordNetworks.FULL) == full
    assert recorded(address, RecordNetworks.PREFIX) == prefix
    assert recorded(address, RecordNetworks.OFF) is None


@given(ADDRESSES)
def test_a_prefix_holds_its_address_and_is_a_network(address: Reference) -> None:
    """A recorded prefix is the canonical text of a network, so the owner can list it."""
    parsed = Address.parse(str(address))
    text = recorded(parsed, RecordNetworks.PREFIX)
    assert parsed
    assert text

    network = Network.parse(text)

    length = 24 if plain(address).version == 4 else 48
    assert text == str(ipaddress.ip_network((plain(address), length), strict=False))
    assert network is not None
    assert network.holds(parsed)


@pytest.mark.parametrize(
    ("text", "prefix"),
    [
        ("192.0.2.7", "192.0.2.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("192.0.2.0/24", "192.0.2.0/24"),
        ("2001:db8:1::/48", "2001:db8:1::/48"),
        ("2001:db8:1:2::/64", "2001:db8:1::/48"),
        # A later release may record less.
        ("192.0.0.0/16", "192.0.0.0/16"),
    ],
)
def test_recorded_text_is_limited_to_todays_setting(text: str, prefix: str) -> None:
    """An operator who records less from today on does not keep what was recorded before."""
    kept = [still_recorded(text, record) for record in RecordNetworks]
    assert kept == [text, prefix, None]


@pytest.mark.parametrize("text", [None, "", "x", "192.0.2.7/24", "192.0.2"])
def test_text_that_is_not_understood_is_not_kept_as_a_network(text: str | None) -> None:
    """It could hold more than the setting allows."""
    assert {still_recorded(text, record) for record in RecordNetworks} == {None}
