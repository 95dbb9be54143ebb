"""People, clients and the service that they call."""

from collections.abc import Iterator

import pytest

from tests.oauth.caller import Caller
from tests.oauth.service import oauth_service
from tests.support.api import api_of


@pytest.fixture
def caller() -> Iterator[Caller]:
    """Return somebody who calls a fresh service."""
    service = oauth_service()
    with api_of(service) as api:
        yield Caller(api, service)
