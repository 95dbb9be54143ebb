"""Short forms of networks and uses. A write is billed by the size of the whole row.

A later release may add to what a touch writes, so reading that never raises. It leaves out every part that
it does not understand. Counts are lower bounds, so one that is too large is cut.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from chalicelib.adapters.dynamodb.attributes import Codec
from chalicelib.domain.networks import Network
from chalicelib.domain.noticed import Notice, NoticeKind
from chalicelib.domain.seen_networks import (
    MAX_SEEN_NETWORKS,
    RefusedReason,
    RefusedUses,
    SeenNetwork,
    SeenNetworks,
)
from chalicelib.domain.usage import USAGE_DAYS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)

_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"
_MAX_COUNT = 36**6 - 1
# Seven digits of seconds end in the year 4453. Python's calendar ends later, so no time overflows.
_MOST_DIGITS = 7

_FIRST = "*"
# A stream's pattern looks for it (infra/aws/package/pieces/events.yaml), so it comes first.
ELSEWHERE = "+"
_IPV6_END = "::/48"
_NETWORK_CHARACTERS = frozenset("0123456789abcdef.:/")
_REASONS = {reason.value: reason for reason in RefusedReason}

# The digits of source maps (ECMA-426, Base64 VLQ), but without a sign: five bits a digit, the lowest first.
# The sixth bit says that another digit follows. Unlike base 36, this needs no separators.
_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}
_MORE = 32
_MOST_VLQ_DIGITS = 6
_MAX_VLQ = _MORE**_MOST_VLQ_DIGITS - 1
# A machine whose clock is ahead may have begun the next day already.
_WRITTEN_DAYS = USAGE_DAYS + 1

# One letter for each stage of each kind, and three digits for the day. They last until the year 2097.
_LETTERS = {
    (NoticeKind.IDLING, 7): "a",
    (NoticeKind.IDLING, 3): "b",
    (NoticeKind.IDLING, 1): "c",
    (NoticeKind.EXPIRING, 7): "d",
    (NoticeKind.EXPIRING, 3): "e",
    (NoticeKind.EXPIRING, 1): "f",
    (NoticeKind.NEVER_USED, 0): "n",
}
_NOTICES = {letter: notice for notice, letter in _LETTERS.items()}
_NOTICE = 4
_MOST_NOTICES = 8


def _base36(number: int) -> str:
    digits = ""
    while number >= len(_BASE36):
        number, digit = divmod(number, len(_BASE36))
        digits = _BASE36[digit] + digits
    return _BASE36[number] + digits


def _number(text: str) -> int | None:
    # ``int`` alone would take signs, spaces, underscores and other scripts.
    is_number = text.isascii() and text.isalnum() and len(text) <= _MOST_DIGITS
    return int(text, 36) if is_number else None


def _seconds(moment: datetime) -> str:
    return _base36(max((moment - _EPOCH) // _SECOND, 0))


def _short(network: str) -> str:
    """Return a network without the end that recorded IPv6 networks have, if at least two groups stay."""
    groups = network.removesuffix(_IPV6_END)
    return groups if ":" in groups else network


def _whole(short: str) -> str:
    # An IPv6 address without "::" has seven colons.
    is_short = 0 < short.count(":") < 7 and "::" not in short and not {"/", "."}.intersection(short)
    return short + _IPV6_END if is_short else short


def _write_networks(seen: SeenNetworks) -> str:
    parts = []
    for each in seen.networks:
        mark = _FIRST if each.network == seen.first else ""
        count = _base36(min(each.count, _MAX_COUNT))
        parts.append(f"{mark}{_short(each.network)}={_seconds(each.last_at)}:{count}")
    return " ".join(parts)


def _read_networks(stored: str) -> SeenNetworks:
    first, networks = "", list[SeenNetwork]()
    for part in stored.split():
        seen = _read_network(part.removeprefix(_FIRST))
        if seen is None:
            continue
        networks = [each for each in networks if each.network != seen.network] + [seen]
        if part.startswith(_FIRST):
            first = seen.network
        if len(networks) > MAX_SEEN_NETWORKS:
            networks.remove(next(each for each in networks if each.network != first))
    return SeenNetworks(first or (networks[0].network if networks else ""), tuple(networks))


def _read_network(part: str) -> SeenNetwork | None:
    network, _, numbers = part.partition("=")
    seconds, count = [*numbers.split(":"), ""][:2]
    at, uses = _number(seconds), _number(count)
    if not network or not _NETWORK_CHARACTERS.issuperset(network) or at is None or uses is None:
        return None
    return SeenNetwork(_whole(network), _EPOCH + at * _SECOND, uses)


def _write_refused(refused: RefusedUses | None) -> str:
    if refused is None:
        return ""
    reason = refused.last_reason.value if refused.last_reason else "-"
    mark = ELSEWHERE if refused.is_elsewhere else ""
    numbers = f"{mark}{_base36(min(refused.count, _MAX_COUNT))} {_seconds(refused.last_at)}"
    return f"{numbers} {reason} {_short(refused.last_from or '-')}"


def _read_refused(stored: str) -> RefusedUses | None:
    count, at, reason, network = [*stored.removeprefix(ELSEWHERE).split(" "), "", "", ""][:4]
    uses, seconds = _number(count), _number(at)
    if uses is None or seconds is None:
        return None
    known = _whole(network) if network and _NETWORK_CHARACTERS.issuperset(network) else None
    is_elsewhere = stored.startswith(ELSEWHERE)
    return RefusedUses(uses, _EPOCH + seconds * _SECOND, _REASONS.get(reason), known, is_elsewhere)


def _write_usage(usage: Mapping[date, int]) -> str:
    last = max(usage)
    counts = [usage.get(last - ago * _DAY, 0) for ago in range(min(_WRITTEN_DAYS, last.toordinal()))]
    while counts and not counts[-1]:
        counts.pop()
    return "".join(_vlq(number) for number in (last.toordinal(), *counts))


def _read_usage(stored: str) -> dict[date, int]:
    last, *counts = _numbers(stored) or [0]
    if not len(counts) <= last <= date.max.toordinal():
        return {}
    oldest = last - len(counts) + 1
    days = enumerate(reversed(counts), oldest)
    return {date.fromordinal(day): count for day, count in days if count}


def _write_noticed(notices: Sequence[Notice]) -> str:
    days = ((each, (each.on - _EPOCH.date()).days) for each in notices)
    return "".join(f"{_LETTERS[each.kind, each.days]}{_base36(day):0>3}" for each, day in days)


def _read_noticed(stored: str) -> tuple[Notice, ...]:
    end = min(len(stored), _MOST_NOTICES * _NOTICE)
    parts = [stored[at : at + _NOTICE] for at in range(0, end, _NOTICE)]
    known = ((_NOTICES.get(part[0]), _number(part[1:])) for part in parts)
    days = ((notice, (_EPOCH + day * _DAY).date()) for notice, day in known if notice and day is not None)
    return tuple(Notice(*notice, day) for notice, day in days)


def _vlq(number: int) -> str:
    number = min(number, _MAX_VLQ)
    digits = ""
    while number >= _MORE:
        digits += _DIGITS[number % _MORE | _MORE]
        number //= _MORE
    return digits + _DIGITS[number]


def _numbers(stored: str) -> list[int]:
    """Return the last day and the counts, up to the first character or number that is not one."""
    numbers = []
    number = shift = 0
    for digit in stored[: _MOST_VLQ_DIGITS * (_WRITTEN_DAYS + 1)]:
        value = _VALUES.get(digit, _MORE)
        if value < _MORE:
            numbers.append(number | value << shift)
            number = shift = 0
        elif digit not in _VALUES or shift == 5 * (_MOST_VLQ_DIGITS - 1):
            break
        else:
            number |= value - _MORE << shift
            shift += 5
    return numbers[: _WRITTEN_DAYS + 1]


def _read_list(stored: str) -> tuple[Network, ...]:
    networks = tuple(network for network in map(Network.parse, stored.split(" ")) if network)
    # A list that lost a part would refuse more, but one that lost every part would allow everything.
    if len(networks) != stored.count(" ") + 1:
        raise ValueError("not a list of networks")
    return networks


# Raises ValueError for every text that is not a list, so that a decision fails instead of allowing.
allowed_networks: Codec[tuple[Network, ...]] = Codec(
    "S", lambda networks: " ".join(map(str, networks)), _read_list
)
seen_networks: Codec[SeenNetworks] = Codec("S", _write_networks, _read_networks)
# Reading returns None if the text is not understood.
refused_uses: Codec[RefusedUses | None] = Codec("S", _write_refused, _read_refused)
# A letter and a day for each notice. What is not understood is left out.
noticed: Codec[tuple[Notice, ...]] = Codec("S", _write_noticed, _read_noticed)
# The last day, then the uses on it and on each day before. It ends with the oldest day that has a use.
daily_uses: Codec[Mapping[date, int]] = Codec("S", _write_usage, _read_usage)
