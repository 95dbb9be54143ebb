"""The whole service over the store in memory, with its own clock and OpenID provider."""

from collections.abc import Mapping
from functools import cached_property

from chalicelib.bootstrap import Service
from chalicelib.domain.ports.time import Sleep
from tests.support.builders import ISSUER
from tests.support.caches import FakeCaches
from tests.support.clock import FixedClock
from tests.support.http import FakeHttp
from tests.support.keys import LocalSigningKey, publish
from tests.support.memory import InMemoryKeys, InMemoryStore
from tests.support.provider import AUDIENCE, TestProvider

ENVIRON = {
    "TABLE_NAME": "bodhi-test",
    "SIGNING_KEY_ID": "alias/bodhi-test",
    "ISSUER": "https://api.example.com",
    "AUDIENCE": "https://api.example.com/api",
    "OIDC_ISSUER": ISSUER,
    "OIDC_CLIENT_ID": AUDIENCE,
    "ADMIN_SUBJECTS": "admin@example.com",
}


class MemoryService(Service):
    """The service with everything outside the process replaced, nothing inside."""

    clock: FixedClock

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        super().__init__({**ENVIRON, **(environ or {})}, FixedClock())
        self.store = InMemoryStore()
        self.provider = TestProvider(self.clock)
        self.gateway = FakeCaches(self.clock)

    def redeployed(self, environ: Mapping[str, str]) -> "MemoryService":
        """Return the service under other settings, over the same rows, keys and clock."""
        other = MemoryService(environ)
        other.clock, other.store, other.provider = self.clock, self.store, self.provider
        other.keys, other.signing_key = self.keys, self.signing_key
        return other

    @cached_property
    def http(self) -> FakeHttp:
        """What the provider publishes."""
        return FakeHttp(self.provider.documents())

    @cached_property
    def authorization(self) -> InMemoryStore:
        """The store in memory."""
        return self.store

    @cached_property
    def keys(self) -> InMemoryKeys:
        """A ring in memory."""
        return InMemoryKeys()

    @cached_property
    def access_token_keys(self) -> InMemoryKeys:
        """Another ring in memory."""
        return InMemoryKeys()

    @cached_property
    def tokens(self) -> InMemoryStore:
        """The store in memory."""
        return self.store

    @cached_property
    def rotations(self) -> InMemoryStore:
        """The store in memory."""
        return self.store

    @cached_property
    def users(self) -> InMemoryStore:
        """The store in memory."""
        return self.store

    @cached_property
    def signing_key(self) -> LocalSigningKey:
        """A key in memory, published."""
        key = LocalSigningKey()
        publish(self.keys, key.public)
        return key

    @cached_property
    def access_token_key(self) -> LocalSigningKey:
        """Another key in memory, published."""
        key = LocalSigningKey()
        publish(self.access_token_keys, key.public)
        return key

    @cached_property
    def assertions(self) -> InMemoryStore:
        """The store in memory."""
        return self.store

    @cached_property
    def reactivation_store(self) -> InMemoryStore:
        """The store in memory."""
        return self.store

    @cached_property
    def flush_store(self) -> InMemoryStore:
        """The store in memory."""
        return self.store

    @cached_property
    def authorizer_caches(self) -> FakeCaches:
        """A gateway that only notes what it is told."""
        return self.gateway

    @cached_property
    def sleep(self) -> Sleep:
        """The clock moves on instead."""
        return self.clock.advance

    @cached_property
    def session_store(self) -> InMemoryStore:
        """The store in memory."""
        return self.store

    @cached_property
    def login_provider(self) -> TestProvider:
        """The provider in memory."""
        return self.provider
