"""Addresses and networks of the Internet Protocol, as a decision compares them.

An IPv4-mapped IPv6 address is the IPv4 address (RFC 4291 section 2.5.5.2).
"""

from collections.abc import Sequence
from enum import Enum

# These functions are pure: they ask no network. The HTTP client of a decision loads this module anyway.
# ``ipaddress`` takes more than twice as long.
from socket import AF_INET, AF_INET6, inet_ntoa, inet_pton

from chalicelib.domain.frozen import Frozen

MAPPED_LENGTH = 96
"""The length of the network of all IPv4-mapped addresses."""

_BITS_OF_IPV4 = 32
_MAPPED = bytes(10) + b"\xff\xff"

# Eight groups of which the last two are a dotted quad.
_LONGEST = len("0000:0000:0000:0000:0000:ffff:255.255.255.255")
# Some systems read zone ids, and none of them needs another character.
_CHARACTERS = frozenset("0123456789abcdefABCDEF.:")
# The one spelling of each length: ``int`` would take signs, spaces, zeros and other scripts.
_LENGTHS = {str(length): length for length in range(1, 129)}

_RECORDED_BITS = {32: 24, 128: 48}


class RecordNetworks(Enum):
    """The part of an address that may be recorded."""

    FULL = "full"
    PREFIX = "prefix"
    OFF = "off"


class Address(Frozen):
    """An address: a ``value`` of 32 or 128 ``bits``."""

    bits: int
    value: int

    @classmethod
    def parse(cls, unverified_text: object) -> "Address | None":
        """Return the address of a text, or None for everything else. Ports and zone ids are not read."""
        packed = packed_address(unverified_text) if isinstance(unverified_text, str) else None
        if packed is None:
            return None
        packed = packed[len(_MAPPED) :] if is_mapped(packed) else packed
        return cls(len(packed) * 8, int.from_bytes(packed))

    def __str__(self) -> str:
        """Return the canonical text (RFC 5952 for IPv6)."""
        return _ipv4_text(self.value) if self.bits == _BITS_OF_IPV4 else _ipv6_text(self.value)


class Network(Frozen):
    """The addresses of ``bits`` bits whose first ``length`` bits are those of ``value``."""

    bits: int
    value: int
    length: int

    @classmethod
    def parse(cls, text: str) -> "Network | None":
        """Return the network of a CIDR (RFC 4632 section 3.1, RFC 4291 section 2.3), or of an address.

        Return None for everything else, for a CIDR with host bits, and for one that holds every address
        of its version. ``allowed_networks`` says which rule a text breaks.
        """
        written, slash, digits = text.partition("/")
        packed = packed_address(written)
        if packed is None:
            return None
        length = _LENGTHS.get(digits, 0) if slash else len(packed) * 8
        if is_mapped(packed):
            packed = packed[len(_MAPPED) :]
            length -= MAPPED_LENGTH
        bits = len(packed) * 8
        if not 0 < length <= bits:
            return None
        value = int.from_bytes(packed)
        return None if value & ((1 << bits - length) - 1) else cls(bits, value, length)

    @classmethod
    def around(cls, address: Address, length: int) -> "Network":
        """Return the network of this length that holds an address."""
        host_bits = address.bits - length
        return cls(address.bits, address.value >> host_bits << host_bits, length)

    def holds(self, address: Address) -> bool:
        """Return True if the address is in the network."""
        return self.bits == address.bits and not (self.value ^ address.value) >> self.bits - self.length

    def covers(self, other: "Network") -> bool:
        """Return True if each address of ``other`` is in the network."""
        return self.length <= other.length and self.holds(Address(other.bits, other.value))

    def __str__(self) -> str:
        """Return the canonical text, which always has a length."""
        return f"{Address(self.bits, self.value)}/{self.length}"


def allows(networks: Sequence[Network], address: Address | None) -> bool:
    """Return True if a token with this list may be used from an address.

    An empty list allows every address. An unknown address is refused by every other list.
    """
    if not networks:
        return True
    return address is not None and any(network.holds(address) for network in networks)


def recorded(address: Address | None, record: RecordNetworks) -> str | None:
    """Return the text to record: the address, its /24 or /48, or None if it is unknown or not recorded."""
    if address is None or record is RecordNetworks.OFF:
        return None
    if record is RecordNetworks.FULL:
        return str(address)
    return str(Network.around(address, _RECORDED_BITS[address.bits]))


def still_recorded(text: str | None, record: RecordNetworks) -> str | None:
    """Return the part of a recorded text that may still be kept, or None if no part may.

    An operator may have chosen to record less since the text was written.
    """
    network = Network.parse(text) if text else None
    if network is None or record is RecordNetworks.OFF:
        return None
    if record is RecordNetworks.PREFIX and network.length > _RECORDED_BITS[network.bits]:
        return recorded(Address(network.bits, network.value), record)
    return text


def packed_address(text: str) -> bytes | None:
    """Return the 4 or 16 bytes of an address, as it is written, or None.

    The work does not depend on the length of the text.
    """
    if len(text) > _LONGEST or not _CHARACTERS.issuperset(text):
        return None
    try:
        packed = inet_pton(AF_INET6 if ":" in text else AF_INET, text)
    except OSError:
        return None
    # Some systems read a leading zero, as octal or as decimal. A dotted quad has one spelling.
    if "." in text and inet_ntoa(packed[-4:]) != text.rpartition(":")[2]:
        return None
    return packed


def is_mapped(packed: bytes) -> bool:
    """Return True if the bytes are an IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2)."""
    return len(packed) > len(_MAPPED) and packed.startswith(_MAPPED)


def _ipv4_text(value: int) -> str:
    return inet_ntoa(value.to_bytes(4))


def _ipv6_text(value: int) -> str:
    # ``inet_ntop`` differs between systems, and these texts are compared across them.
    groups = [f"{value >> shift & 0xFFFF:x}" for shift in range(112, -1, -16)]
    text = f":{':'.join(groups)}:"
    for length in range(8, 1, -1):
        # The longest run of zeros, and the first of equal ones (RFC 5952 section 4.2).
        before, zeros, after = text.partition(":" + "0:" * length)
        if zeros:
            return f"{before[1:]}::{after[:-1]}"
    return text[1:-1]
