"""The parts of the sweep."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from chalicelib.services.mails import MailComing
from chalicelib.services.notices import GiveNotices
from chalicelib.services.sweep import FillIndexKeys, ForgetAddresses, OwnerVisit, SweepTokens

if TYPE_CHECKING:
    from chalicelib.bootstrap.closed_mode import Service


def sweep_of(service: "Service") -> SweepTokens:
    """Return the daily walk, with the visits in their order."""
    store = service.sweep_store
    notices = GiveNotices(store, service.journal, service.rules)
    visits = (FillIndexKeys(store), ForgetAddresses(store), notices)
    return SweepTokens(store, visits, service.clock, owner_visits=tuple(_mails_of(service)))


def _mails_of(service: "Service") -> Iterator[OwnerVisit]:
    mailer, page = service.mailer, service.own_page
    if mailer:
        yield MailComing(service.tokens, service.mail_store, mailer, service.clock, service.rules, page)
