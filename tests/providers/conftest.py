"""The whole service, with a provider on loopback."""

from collections.abc import Iterator, Mapping

import pytest
import urllib3

from tests.page.browser import Browser
from tests.providers.profile import WELL_KNOWN, ProviderProfile
from tests.providers.profiles import PROFILES
from tests.providers.server import LoopbackProvider, serving
from tests.support.api import Answer, Api, api_of
from tests.support.clock import FixedClock
from tests.support.service import MemoryService

TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
KIND = "urn:ietf:params:oauth:token-type:"


class ConnectedService(MemoryService):
    """The service with stores in memory and the real adapters of the OpenID provider."""

    def __init__(self, environ: Mapping[str, str], clock: FixedClock) -> None:
        super().__init__(environ, clock)
        # The real parts are built instead.
        del self.http, self.login_provider


class Person:
    """A person at the provider who uses the service at the page and over the API."""

    def __init__(self, api: Api, provider: LoopbackProvider) -> None:
        self.api = api
        self.provider = provider
        self.browser = Browser(api)

    def sign_in_at_page(self) -> Answer:
        """Sign in at the provider, and return the service's answer to the callback."""
        leaving = self.browser.visit("/login").headers["Location"]
        # Follow this redirect here, because the test's browser only knows the service.
        sent_back = urllib3.request("GET", leaving, redirect=False).headers["Location"]
        back = self.browser.visit(sent_back.removeprefix(self.browser.origin))
        return Answer(back.status_code, back.headers, back.body.decode())

    def at_page(self, path: str) -> Answer:
        """Call the API as the page's script does."""
        response = self.browser.visit(path)
        return Answer(response.status_code, response.headers, response.body.decode())

    def exchange(self, subject_token: str, kind: str) -> Answer:
        """Exchange a token of the provider for an API token."""
        parameters = {
            "grant_type": TOKEN_EXCHANGE,
            "subject_token": subject_token,
            "subject_token_type": f"{KIND}{kind}",
        }
        return self.api.form("/oauth2/token", parameters)


def settings_of(provider: LoopbackProvider, **changes: str) -> dict[str, str]:
    """Return the profile's settings for the provider on loopback."""
    profile = provider.profile
    settings = {"ADMIN_SUBJECTS": "", **profile.settings, "OIDC_ISSUER": provider.issuer}
    if profile.discovery_path:
        settings["OIDC_DISCOVERY_URL"] = f"{provider.origin}{profile.discovery}"
    if profile.secret:
        settings["OIDC_CLIENT_SECRET"] = profile.secret
    assert profile.discovery.endswith(WELL_KNOWN)
    return {**settings, **changes}


@pytest.fixture(params=PROFILES, ids=str)
def profile(request: pytest.FixtureRequest) -> ProviderProfile:
    """Return each profile in turn."""
    found: ProviderProfile = request.param
    return found


@pytest.fixture
def clock() -> FixedClock:
    """Return the clock of the provider and of the service."""
    return FixedClock()


@pytest.fixture
def provider(profile: ProviderProfile, clock: FixedClock) -> Iterator[LoopbackProvider]:
    """Run the provider."""
    with serving(profile, clock) as provider:
        yield provider


@pytest.fixture
def person(provider: LoopbackProvider, clock: FixedClock) -> Iterator[Person]:
    """Return a person who uses the service with the profile's settings."""
    with api_of(ConnectedService(settings_of(provider), clock)) as api:
        yield Person(api, provider)
