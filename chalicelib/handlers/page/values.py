"""The values that the page has for its scripts, as text."""

import json
import re
from collections.abc import Sequence
from datetime import timedelta

import chalicelib
from chalicelib import bootstrap
from chalicelib.domain.callers import Caller
from chalicelib.domain.network_lists import MAX_NETWORKS
from chalicelib.domain.networks import Address
from chalicelib.domain.scopes import Scope
from chalicelib.domain.text import MAX_DESCRIPTION_LENGTH, MAX_NAME_LENGTH, MAX_SEARCH_LENGTH
from chalicelib.domain.token_rules import MAX_OVERLAP
from chalicelib.domain.unicode_table import WHITE_SPACE
from chalicelib.domain.users import User
from chalicelib.handlers.http import responses
from chalicelib.services.sessions import Visitor

_DAY = timedelta(days=1)
# The sign-ins of one deployment come from one issuer.
_ISSUERS = 1
_SEPARATORS = re.compile("[._:/-]+")


def values_of(visitor: Visitor, caller: Caller) -> dict[str, str]:
    """Return the values of the page of a visitor, who calls as ``caller``."""
    service = bootstrap.service()
    # As a decision reads it, so that it can be compared with a list of networks.
    address = Address.parse(caller.address)
    return {
        "csrf_token": visitor.session.csrf_token,
        "user": responses.text(responses.me(visitor.user)),
        "scopes": json.dumps(_scopes_of(visitor.user)),
        "limits": json.dumps(_limits()),
        "mails": "on" if service.settings.notices_from else "",
        "cache_seconds": str(int(service.cache_ttl.total_seconds())),
        "address": str(address) if address else "",
        "providers": str(_ISSUERS),
        "version": chalicelib.__version__,
    }


def _scopes_of(user: User) -> dict[str, object]:
    """Return the scopes that the user's tokens may have, in the order in which people see them."""
    service = bootstrap.service()
    catalogue, role = service.rules.catalogue, service.role_of(user)
    held, lowest = catalogue.held_by(role), catalogue.lowest(role)
    return {
        scope.name: {
            "title": scope.title or _title(scope.name),
            "description": scope.description,
            "default": scope.name in catalogue.defaults,
            "includes": [other.name for other in _others(scope, held) if scope.includes(other)],
            "is_lowest": scope == lowest,
        }
        for scope in held
    }


def _others(scope: Scope, held: Sequence[Scope]) -> list[Scope]:
    return [other for other in held if other is not scope]


def _title(name: str) -> str:
    """Return the words of a scope's name. "api" in front is left out, because it says nothing."""
    words = _SEPARATORS.sub(" ", name).split()
    if len(words) > 1 and words[0].lower() == "api":
        del words[0]
    title = " ".join(words)
    return title[:1].upper() + title[1:]


def _limits() -> dict[str, object]:
    """Return the limits that the page's scripts check or show: lengths in code points, days and seconds."""
    service = bootstrap.service()
    rules = service.rules
    idle_days = rules.idle_timeout / _DAY
    return {
        "name_length": MAX_NAME_LENGTH,
        "description_length": MAX_DESCRIPTION_LENGTH,
        "search_length": MAX_SEARCH_LENGTH,
        # The inside of a regular expression's character class, in a syntax that Python and ECMA-262 share.
        "white_space": WHITE_SPACE,
        "lifetime_days": rules.longest_lifetime.days,
        "must_expire": rules.max_lifetime is not None,
        "overlap_seconds": int(MAX_OVERLAP.total_seconds()),
        "token_limit": rules.max_live_tokens,
        "idle_days": int(idle_days) if idle_days.is_integer() else idle_days,
        "networks": MAX_NETWORKS,
        "audit_days": service.settings.audit_retention.days,
    }
