"""Lists of the networks from which a token may be used, as its owner writes them.

Decisions read only lists that were accepted here, so an authorizer does not load this module.
"""

from collections.abc import Sequence
from enum import Enum

from chalicelib.domain.errors import InvalidNetwork, TooManyNetworks
from chalicelib.domain.networks import MAPPED_LENGTH, Address, Network, is_mapped, packed_address

MAX_NETWORKS = 10


class NetworkFault(Enum):
    """The rule that a text in a list of networks breaks."""

    WHITE_SPACE = "white_space"
    ZONE = "zone"
    LEADING_ZERO = "leading_zero"
    NOT_AN_ADDRESS = "not_an_address"
    LENGTH_NOT_A_NUMBER = "length_not_a_number"
    LENGTH_TOO_LARGE = "length_too_large"
    MAPPED_AND_MORE = "mapped_and_more"
    EVERYWHERE = "everywhere"
    HOST_BITS = "host_bits"
    REPEATED = "repeated"


def allowed_networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Return the networks of a list, in its order. An address alone is a network of one address.

    Raises TooManyNetworks or InvalidNetwork.
    """
    if len(texts) > MAX_NETWORKS:
        raise TooManyNetworks(MAX_NETWORKS)
    networks: dict[Network, None] = {}
    for text in texts:
        network = Network.parse(text)
        if network is None:
            raise _refusal(text)
        if network in networks:
            raise InvalidNetwork(NetworkFault.REPEATED, text, str(network))
        networks[network] = None
    return tuple(networks)


def narrows(before: Sequence[Network], after: Sequence[Network]) -> bool:
    """Return True if a change of the list may refuse an address that was allowed.

    It may be True for a change that refuses none: two halves of a network do not count as the network.
    """
    if not after:
        return False
    return not before or not all(any(wide.covers(network) for wide in after) for network in before)


def _refusal(text: str) -> InvalidNetwork:
    """Return the refusal of a text that is not a network, by the first rule that it breaks."""
    written, slash, digits = text.partition("/")
    packed = packed_address(written)
    if packed is None:
        return InvalidNetwork(_fault_of_address(written), text)
    bits = len(packed) * 8
    if any(character.isspace() for character in digits):
        return InvalidNetwork(NetworkFault.WHITE_SPACE, text)
    # A netmask, a sign and a leading zero are not lengths.
    if slash and digits != "0" and (not (digits.isascii() and digits.isdecimal()) or digits[0] == "0"):
        return InvalidNetwork(NetworkFault.LENGTH_NOT_A_NUMBER, text)
    # A number of more digits need not be read, and ``int`` refuses thousands of them.
    if len(digits) > len("128") or int(digits) > bits:
        return InvalidNetwork(NetworkFault.LENGTH_TOO_LARGE, text, longest=bits)
    length = int(digits)
    # The caller meant IPv4 addresses, and this would hold all of them and IPv6 addresses too.
    if is_mapped(packed) and 0 < length < MAPPED_LENGTH:
        return InvalidNetwork(NetworkFault.MAPPED_AND_MORE, text)
    address = Address.parse(written)
    length = length - MAPPED_LENGTH if is_mapped(packed) else length
    if address is None or length <= 0:
        return InvalidNetwork(NetworkFault.EVERYWHERE, text)
    return InvalidNetwork(NetworkFault.HOST_BITS, text, str(Network.around(address, length)))


def _fault_of_address(written: str) -> NetworkFault:
    if any(character.isspace() for character in written):
        return NetworkFault.WHITE_SPACE
    if packed_address(written.partition("%")[0]):
        return NetworkFault.ZONE
    head, colon, quad = written.rpartition(":")
    # Some programs read 010 as 8 and others as 10, so none of the two is suggested.
    plain = ".".join(part.lstrip("0") or part[-1:] for part in quad.split("."))
    if "." in quad and packed_address(head + colon + plain):
        return NetworkFault.LEADING_ZERO
    return NetworkFault.NOT_AN_ADDRESS
