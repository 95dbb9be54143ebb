"""The parts of the sweep."""

from typing import TYPE_CHECKING

from chalicelib.services.notices import GiveNotices
from chalicelib.services.sweep import FillIndexKeys, ForgetAddresses, SweepTokens

if TYPE_CHECKING:
    from chalicelib.bootstrap.closed_mode import Service


def sweep_of(service: "Service") -> SweepTokens:
    """Return the daily walk, with the visits in their order."""
    store = service.sweep_store
    notices = GiveNotices(store, service.journal, service.rules)
    visits = (FillIndexKeys(store), ForgetAddresses(store), notices)
    return SweepTokens(store, visits, service.clock)
