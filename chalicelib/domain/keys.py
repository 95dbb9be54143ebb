"""Signing keys as everybody may know them: public halves with a state, and how they take turns."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from chalicelib.domain.errors import KeyChangeRefused

ES256 = "ES256"


class KeyUse(Enum):
    """What a ring of keys signs; the keys of one use are never accepted for the other."""

    API_TOKEN = "api-token"  # noqa: S105
    ACCESS_TOKEN = "access-token"  # noqa: S105


class KeyState(Enum):
    """Which part a key plays; only a revoked one verifies nothing."""

    NEXT = "next"
    ACTIVE = "active"
    VERIFY_ONLY = "verify-only"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """The public half of an ES256 signing key, and where its private half is kept.

    ``kid`` is its RFC 7638 thumbprint; ``x`` and ``y`` are the base64url coordinates of a P-256 JWK
    (RFC 7518 section 6.2.1); ``arn`` names the key in KMS. ``created_at`` is when it was published,
    ``changed_at`` when it came into its present state.
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
        """Whether tokens signed with the key are still ours."""
        return self.state is not KeyState.REVOKED


@dataclass(frozen=True, slots=True)
class KeyRing:
    """All keys of one use, at most one of them ``active`` and at most one ``next``.

    Every change returns another ring and raises KeyChangeRefused where it is not allowed.
    """

    keys: tuple[VerificationKey, ...] = ()

    @property
    def active(self) -> VerificationKey | None:
        """The key that signs."""
        return self._in_state(KeyState.ACTIVE)

    @property
    def next(self) -> VerificationKey | None:
        """The key that will sign: published, so that everybody knows it by then."""
        return self._in_state(KeyState.NEXT)

    def find(self, kid: str) -> VerificationKey:
        """Return the key with this ``kid``. Raises KeyChangeRefused when there is none."""
        found = (key for key in self.keys if key.kid == kid)
        key = next(found, None)
        if key is None:
            raise KeyChangeRefused(f"There is no key with the kid {kid}.")
        return key

    def published(self, key: VerificationKey) -> "KeyRing":
        """Add a key as ``next``, or as ``active`` where there was no key before it.

        The first key of all has no older one to sign while others learn of it.
        """
        if any(key.kid == known.kid for known in self.keys):
            raise KeyChangeRefused(f"The key {key.kid} is published already.")
        if self.next:
            raise KeyChangeRefused(f"The key {self.next.kid} is next already.")
        state = KeyState.NEXT if self.keys else KeyState.ACTIVE
        return KeyRing((*self.keys, replace(key, state=state)))

    def activated(self, kid: str, now: datetime, lead: timedelta) -> "KeyRing":
        """Let the ``next`` key sign; the one that signed so far goes on verifying.

        ``lead`` is how long everybody had to learn of the key; zero is for emergencies.
        """
        key = self.find(kid)
        if key.state is not KeyState.NEXT:
            raise KeyChangeRefused(f"The key {kid} is {key.state.value}, not next.")
        if now < key.created_at + lead:
            raise KeyChangeRefused(f"The key {kid} was published less than {lead} ago.")
        changed = [replace(key, state=KeyState.ACTIVE, changed_at=now)]
        if self.active:
            changed.append(replace(self.active, state=KeyState.VERIFY_ONLY, changed_at=now))
        return self._with(*changed)

    def revoked(self, kid: str, now: datetime) -> "KeyRing":
        """Let a key verify nothing any more, which is final, even if no other one can sign."""
        key = self.find(kid)
        if key.state is KeyState.REVOKED:
            raise KeyChangeRefused(f"The key {kid} is revoked already, which is final.")
        return self._with(replace(key, state=KeyState.REVOKED, changed_at=now))

    def _with(self, *changed: VerificationKey) -> "KeyRing":
        by_kid = {key.kid: key for key in changed}
        return KeyRing(tuple(by_kid.get(key.kid, key) for key in self.keys))

    def _in_state(self, state: KeyState) -> VerificationKey | None:
        return next((key for key in self.keys if key.state is state), None)
