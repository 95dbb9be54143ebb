"""The networks from which a token was used, and the uses of it that were refused."""

from datetime import datetime
from enum import Enum

from chalicelib.domain.frozen import Frozen, replace
from chalicelib.domain.networks import RecordNetworks, still_recorded

MAX_SEEN_NETWORKS = 5


class SeenNetwork(Frozen):
    """A network or address as it is recorded, the time of the last use from it, and the number of uses.

    The number is a lower bound. The time is in whole seconds.
    """

    network: str
    last_at: datetime
    count: int


class SeenNetworks(Frozen):
    """At most five networks of a token, in the order of their last uses, with the newest at the end.

    ``first`` is the network of the first recorded use. It always stays, because it is most likely the
    owner's own: a thief who rotates networks can push out every other one. Of the others, the one least
    recently used makes room. One that makes room and comes back begins its count anew.
    """

    first: str = ""
    networks: tuple[SeenNetwork, ...] = ()

    def __bool__(self) -> bool:
        """Return True if a network was seen."""
        return bool(self.networks)

    @property
    def newest(self) -> SeenNetwork | None:
        """The network of the last recorded use."""
        return self.networks[-1] if self.networks else None

    def includes(self, network: str) -> bool:
        """Return True if the network is among these."""
        return any(seen.network == network for seen in self.networks)

    def joined(self, later: "SeenNetworks") -> "SeenNetworks":
        """Return the networks after the uses of ``later``."""
        joined = SeenNetworks(self.first or later.first, self.networks)
        for each in later.networks:
            joined = joined.seen(each.network, each.last_at, each.count)
        return joined

    def limited_to(self, record: RecordNetworks) -> "SeenNetworks":
        """Return the networks with the part of each that may be kept. Those that become equal join."""
        if record is RecordNetworks.FULL:
            return self
        kept = SeenNetworks(still_recorded(self.first, record) or "")
        for each in self.networks:
            network = still_recorded(each.network, record)
            kept = kept.seen(network, each.last_at, each.count) if network else kept
        return kept

    def seen(self, network: str, at: datetime, count: int = 1) -> "SeenNetworks":
        """Return the networks after ``count`` more uses from one, the last of them at ``at``.

        The order is that of the calls. It does not depend on clocks, which may differ or be set back.
        """
        before = sum(seen.count for seen in self.networks if seen.network == network)
        others = [seen for seen in self.networks if seen.network != network]
        if len(others) == MAX_SEEN_NETWORKS:
            others.remove(next(seen for seen in others if seen.network != self.first))
        newest = SeenNetwork(network, at.replace(microsecond=0), before + count)
        return SeenNetworks(self.first or network, (*others, newest))


NOT_SEEN = SeenNetworks()
"""The networks of a token without a recorded use."""


class RefusedReason(Enum):
    """The reason for the refusal of a genuine token."""

    NETWORK = "network"
    PAUSED = "paused"
    IDLE = "idle"
    LIFETIME = "lifetime"
    ROTATED = "rotated"
    REVOKED = "revoked"
    SCOPE = "scope"


class RefusedUses(Frozen):
    """The uses of a genuine token that were refused: a lower bound of their number, and the last one.

    ``last_at`` is in whole seconds. ``last_reason`` is None if a later release wrote another one.
    ``last_from`` is None if the address is unknown or not recorded. ``is_elsewhere`` says that the last one
    came from a network that was new then.
    """

    count: int
    last_at: datetime
    last_reason: RefusedReason | None
    last_from: str | None
    is_elsewhere: bool = False

    def limited_to(self, record: RecordNetworks) -> "RefusedUses":
        """Return the refused uses with the part of the network that may still be kept."""
        return replace(self, last_from=still_recorded(self.last_from, record))


def refused_again(
    before: RefusedUses | None,
    reason: RefusedReason,
    network: str | None,
    at: datetime,
    count: int = 1,
    seen: SeenNetworks = NOT_SEEN,
) -> RefusedUses:
    """Return the refused uses after ``count`` more, the last of them at ``at``.

    ``seen`` are the networks from which the token was used.
    """
    counted, last_from = (before.count, before.last_from) if before else (0, None)
    is_new = network is not None and network != last_from and _is_unusual(network, seen, reason)
    return RefusedUses(counted + count, at.replace(microsecond=0), reason, network, is_new)


def _is_unusual(network: str, seen: SeenNetworks, reason: RefusedReason) -> bool:
    # Before its first recorded use, a token has no usual network. Then only its list can tell.
    return not seen.includes(network) if seen else reason is RefusedReason.NETWORK
