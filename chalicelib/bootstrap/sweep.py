"""The parts of the sweep."""

from typing import TYPE_CHECKING

from chalicelib.services.sweep import FillIndexKeys, ForgetAddresses, SweepTokens

if TYPE_CHECKING:
    from chalicelib.bootstrap.closed_mode import Service


def sweep_of(service: "Service") -> SweepTokens:
    """Return the daily walk, with the visits in their order."""
    store = service.sweep_store
    visits = (FillIndexKeys(store), ForgetAddresses(store))
    return SweepTokens(store, visits, service.clock)
