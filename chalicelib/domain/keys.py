"""Public keys of this service with their states, and the rollover from one key to the next."""

from datetime import datetime, timedelta
from enum import Enum

from chalicelib.domain.errors import KeyChangeRefused
from chalicelib.domain.frozen import Frozen, replace

ES256 = "ES256"


class KeyUse(Enum):
    """The use of a ring of keys. A key of one use is never accepted for the other."""

    API_TOKEN = "api-token"  # noqa: S105
    ACCESS_TOKEN = "access-token"  # noqa: S105


class KeyState(Enum):
    """The state of a key. Every key verifies unless it is revoked."""

    NEXT = "next"
    ACTIVE = "active"
    VERIFY_ONLY = "verify-only"
    REVOKED = "revoked"


class VerificationKey(Frozen):
    """The public half of an ES256 signing key, and the ARN of its private half in KMS.

    ``kid`` is the RFC 7638 thumbprint. ``x`` and ``y`` are the base64url coordinates of a P-256 JWK (RFC
    7518 section 6.2.1). The key was published at ``created_at`` and got its present state at
    ``changed_at``.
    """

    kid: str
    x: str
    y: str
    arn: str
    state: KeyState
    created_at: datetime
    changed_at: datetime
    algorithm: str = ES256

    @property
    def may_verify(self) -> bool:
        """True if tokens that are signed with the key are accepted."""
        return self.state is not KeyState.REVOKED


class KeyRing(Frozen):
    """All keys of one use. At most one is ``active``, and at most one is ``next``.

    Every change returns another ring. It raises KeyChangeRefused if it is not allowed.
    """

    keys: tuple[VerificationKey, ...] = ()

    @property
    def active(self) -> VerificationKey | None:
        """The key that signs."""
        return self._in_state(KeyState.ACTIVE)

    @property
    def next(self) -> VerificationKey | None:
        """The key that will sign. It is published early, so that every verifier knows it by then."""
        return self._in_state(KeyState.NEXT)

    def find(self, kid: str) -> VerificationKey:
        """Return the key with this ``kid``. Raises KeyChangeRefused if it is missing."""
        found = (key for key in self.keys if key.kid == kid)
        key = next(found, None)
        if key is None:
            raise KeyChangeRefused(f"No key has the kid {kid}.")
        return key

    def published(self, key: VerificationKey) -> "KeyRing":
        """Return the ring with a new key, which is ``next``, or ``active`` if it is the first.

        The first key signs at once, because no older key can sign while verifiers learn of it.
        """
        if any(key.kid == known.kid for known in self.keys):
            raise KeyChangeRefused(f"The key {key.kid} is published already.")
        if self.next:
            raise KeyChangeRefused(f"The key {self.next.kid} is next already.")
        state = KeyState.NEXT if self.keys else KeyState.ACTIVE
        return KeyRing((*self.keys, replace(key, state=state)))

    def activated(self, kid: str, now: datetime, lead: timedelta) -> "KeyRing":
        """Return the ring in which the ``next`` key signs. The former one only verifies.

        ``lead`` is the time that verifiers need to learn of the key. Zero is for emergencies.
        """
        key = self.find(kid)
        if key.state is not KeyState.NEXT:
            raise KeyChangeRefused(f"The key {kid} is {key.state.value}, not next.")
        if now < key.created_at + lead:
            raise KeyChangeRefused(f"The key {kid} was published less than {lead} ago.")
        changed = [replace(key, state=KeyState.ACTIVE, changed_at=now)]
        # The former key goes on verifying, because tokens that it signed may live for years.
        if self.active:
            changed.append(replace(self.active, state=KeyState.VERIFY_ONLY, changed_at=now))
        return self._with(*changed)

    def revoked(self, kid: str, now: datetime) -> "KeyRing":
        """Return the ring in which a key is revoked for good, even if no other key can sign."""
        key = self.find(kid)
        if key.state is KeyState.REVOKED:
            raise KeyChangeRefused(f"The key {kid} is revoked already, which is final.")
        return self._with(replace(key, state=KeyState.REVOKED, changed_at=now))

    def _with(self, *changed: VerificationKey) -> "KeyRing":
        by_kid = {key.kid: key for key in changed}
        return KeyRing(tuple(by_kid.get(key.kid, key) for key in self.keys))

    def _in_state(self, state: KeyState) -> VerificationKey | None:
        return next((key for key in self.keys if key.state is state), None)
