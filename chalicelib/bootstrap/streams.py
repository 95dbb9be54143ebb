"""The parts of the two readers of the table's stream."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.bootstrap.closed_mode import Service
    from chalicelib.services.flush import FlushCaches
    from chalicelib.services.publish import PublishEvents
    from chalicelib.services.urgent_mails import MailAtOnce
    from chalicelib.settings import GatewaySettings


def flush_of(service: "Service", gateway: "GatewaySettings") -> "FlushCaches":
    """Return the end of the gateway's cached decisions."""
    from chalicelib.adapters.dynamodb.stream import read_change
    from chalicelib.domain.flush_budget import FlushLimits
    from chalicelib.services.flush import FlushCaches
    from chalicelib.services.shared_budget import SharedBudget

    stages, rate = gateway.authorizer_cache_stages, gateway.flush_calls_per_second
    limits = FlushLimits(len(stages), rate, gateway.flush_calls_burst, service.cache_ttl)
    budget = SharedBudget(limits, service.flush_store, service.clock)
    caches, reuse = service.authorizer_caches, service.settings.decision_reuse
    return FlushCaches(stages, read_change, budget, caches, service.clock, service.sleep, reuse)


def publish_of(service: "Service", gateway: "GatewaySettings") -> "PublishEvents":
    """Return the reader that looks after events. Without a bus in the settings, it sends none."""
    from chalicelib.adapters.dynamodb.event_stream import read_streamed
    from chalicelib.services.publish import PublishEvents

    bus = service.event_bus if gateway.event_bus_name else None
    store, journal, mail = service.events, service.journal, _mail_at_once(service)
    return PublishEvents(read_streamed, store, bus, journal, service.clock, service.sleep, mail)


def _mail_at_once(service: "Service") -> "MailAtOnce | None":
    from chalicelib.services.urgent_mails import MailAtOnce

    if service.mailer is None:
        return None
    return MailAtOnce(
        service.users,
        service.tokens,
        service.mail_store,
        service.mailer,
        service.clock,
        service.sleep,
        service.own_page,
    )
