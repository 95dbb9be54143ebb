"""The whole service over the store in memory, with its own clock and OpenID provider."""

from collections.abc import Mapping
from functools import cached_property
from typing import Unpack

from chalicelib.bootstrap import Service
from chalicelib.bootstrap.parts import Parts
from tests.support.builders import ISSUER
from tests.support.bus import FakeBus
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


def parts_over(store: InMemoryStore) -> Parts:
    """Return the stores of a service, all of them the same one."""
    return Parts(
        authorization=store,
        tokens=store,
        token_index=store,
        rotations=store,
        users=store,
        events=store,
        assertions=store,
        session_store=store,
        daily_count_store=store,
        flush_store=store,
        sweep_store=store,
        revocation_job_store=store,
        mail_store=store,
    )


class MemoryService(Service):
    """The service with everything outside the process replaced, nothing inside."""

    clock: FixedClock
    http: FakeHttp
    keys: InMemoryKeys
    access_token_keys: InMemoryKeys

    def __init__(
        self,
        environ: Mapping[str, str] | None = None,
        clock: FixedClock | None = None,
        *,
        store: InMemoryStore | None = None,
        **parts: Unpack[Parts],
    ) -> None:
        clock = clock or FixedClock()
        self.store = store or InMemoryStore()
        self.provider = TestProvider(clock)
        self.gateway = FakeCaches(clock)
        self.bus = FakeBus()
        usual = Parts(
            sleep=clock.advance,
            http=FakeHttp(self.provider.documents()),
            login_provider=self.provider,
            authorizer_caches=self.gateway,
            event_bus=self.bus,
            keys=InMemoryKeys(),
            access_token_keys=InMemoryKeys(),
            **parts_over(self.store),
        )
        usual.update(parts)
        super().__init__({**ENVIRON, **(environ or {})}, clock, **usual)

    def keep_rows_in(self, store: InMemoryStore) -> None:
        """Use another store, before any part is built over the present one."""
        self.store = store
        vars(self).update(parts_over(store))

    def redeployed(self, environ: Mapping[str, str]) -> "MemoryService":
        """Return the service under other settings, over the same rows, keys and clock."""
        return MemoryService(
            environ, self.clock, store=self.store, keys=self.keys, signing_key=self.signing_key
        )

    @cached_property
    def signing_key(self) -> LocalSigningKey:
        """A key in memory. It is published when it is first needed, as the first key in KMS is."""
        key = LocalSigningKey()
        publish(self.keys, key.public)
        return key

    @cached_property
    def access_token_key(self) -> LocalSigningKey:
        """Another key in memory, published when it is first needed."""
        key = LocalSigningKey()
        publish(self.access_token_keys, key.public)
        return key
