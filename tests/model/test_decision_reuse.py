"""Tokens that end at random while authorizers decide again on recent rows: none is let in for longer."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from chalicelib.domain.errors import ApiTokensError, InvalidToken
from chalicelib.domain.revocations import Revocation, RevocationReason
from chalicelib.domain.token_creation import TokenRequest
from chalicelib.domain.tokens import TokenState
from chalicelib.domain.users import User
from chalicelib.services.manage import TokenPatch
from chalicelib.services.sign_in import Credentials
from tests.support.actors import ADMINISTRATOR, CALLER, PERSON
from tests.support.builders import A_CALLER
from tests.support.service import MemoryService

DAYS = timedelta(days=1)
steps = st.sampled_from([0, 1, 500, 999, 1000, 2999, 3000, 4999, 5000, 60_000, 300_000, 86_400_000])
moments = st.sampled_from([0, 0, 1, 500, 999, 1000, 2999, 3000, 4999, 5000])
picks = st.integers(0, 3)
reuses = st.sampled_from([0, 1, 3, 5])


class Reusing(RuleBasedStateMachine):
    """Two authorizers and the API over one table. The rows tell since when each token is refused."""

    @initialize(reuse=reuses)
    def begin(self, reuse: int) -> None:
        """Start with one token."""
        environ = {"DECISION_REUSE_SECONDS": str(reuse), "MAX_TOKENS_PER_USER": "10000"}
        self.reuse = timedelta(seconds=reuse)
        self.api = MemoryService(environ)
        self.authorizers = [self.api.redeployed(environ) for _ in range(2)]
        self.tokens: list[tuple[str, str]] = []
        self.ended: dict[str, datetime] = {}
        self.create(None)

    @property
    def owner(self) -> User:
        """The one person."""
        jwt = self.api.provider.sign_in("user@example.com", exp=4_000_000_000)
        return self.api.sign_in.user(Credentials(CALLER, unverified_bearer=jwt))

    @rule(days=st.sampled_from([None, 1, 2, 40]))
    def create(self, days: int | None) -> None:
        """Create a token."""
        request = TokenRequest("", "", None, days * DAYS if days else None)
        issued = self.api.issue(self.owner, request, PERSON)
        self.tokens.append((issued.token.id, issued.secret))

    @rule(milliseconds=steps)
    def wait(self, milliseconds: int) -> None:
        """Let time pass."""
        self.api.clock.advance(timedelta(milliseconds=milliseconds))

    @rule()
    def wait_until_idle(self) -> None:
        """Let almost a month pass."""
        self.api.clock.advance(30 * DAYS - timedelta(milliseconds=500))

    @rule(pick=picks)
    def revoke(self, pick: int) -> None:
        """Revoke a token."""
        token_id, _ = self._token(pick)
        attempt(lambda: self.api.revoke(self.owner, token_id, RevocationReason.OWNER, PERSON))

    @rule(pick=picks, status=st.sampled_from([TokenState.INACTIVE, TokenState.ACTIVE]))
    def pause_or_resume(self, pick: int, status: TokenState) -> None:
        """Pause a token, or re-activate it."""
        token_id, _ = self._token(pick)
        attempt(lambda: self.api.manage.patch(self.owner, token_id, TokenPatch(status=status), PERSON))

    @rule(pick=picks, overlap=st.sampled_from([0, 2, 3600]))
    def rotate(self, pick: int, overlap: int) -> None:
        """Rotate a token."""
        token_id, _ = self._token(pick)
        with suppress(ApiTokensError):
            issued = self.api.rotate(self.owner, token_id, timedelta(seconds=overlap), PERSON)
            self.tokens.append((issued.token.id, issued.secret))

    @rule()
    def revoke_all(self) -> None:
        """End every token of the person at once."""
        jwt = self.api.provider.sign_in("admin@example.com", exp=4_000_000_000)
        admin = self.api.sign_in.admin(Credentials(CALLER, unverified_bearer=jwt))
        owner = self.owner
        self.api.administer.revoke_all_tokens(admin, owner.id, ADMINISTRATOR)
        self.ended[owner.generation] = self.api.clock.now()

    @rule()
    def reload_keys(self) -> None:
        """Read the signing keys again in both authorizers."""
        for each in self.authorizers:
            each.recent_rows.clear()

    @rule(pick=picks, which=st.integers(0, 1), lets_in=st.booleans())
    def decide(self, pick: int, which: int, lets_in: bool) -> None:
        """Present a token. The answer is the one of the rows now, or one from less than the reuse ago."""
        token_id, secret = self._token(pick)
        owner, now, rules = self.owner, self.api.clock.now(), self.api.rules
        row = self.api.store.find_token(owner.id, token_id)
        assert row is not None
        revocation = row.own_revocation(now)
        if row.generation != owner.generation:
            revocation = revocation or Revocation(RevocationReason.ADMIN, self.ended[row.generation])
        since = row.refused_since(owner, now, rules, revocation)
        try:
            self.authorizers[which].admit(secret, A_CALLER, lambda caller: lets_in)
        except InvalidToken:
            assert since is not None
        else:
            assert since is None or (lets_in and now - since < self.reuse)
            assert not row.has_expired(now, rules)

    @rule(end=st.integers(0, 3), before=moments, after=moments, lets_in=st.booleans())
    def end_while_in_use(self, end: int, before: int, after: int, lets_in: bool) -> None:
        """Present a new token, end it, and present it again a moment later."""
        self.create(None)
        self.decide(0, 0, lets_in=True)
        self.wait(before)
        (self.revoke, self._pause, self._rotate, lambda _: self.revoke_all())[end](0)
        # A rotation has made another token, the newest now.
        pick = 1 if end == 2 else 0
        self.wait(after)
        self.decide(pick, 0, lets_in)

    def _pause(self, pick: int) -> None:
        self.pause_or_resume(pick, TokenState.INACTIVE)

    def _rotate(self, pick: int) -> None:
        self.rotate(pick, 0)

    def _token(self, pick: int) -> tuple[str, str]:
        return self.tokens[-1 - pick % len(self.tokens)]


def attempt(change: Callable[[], object]) -> None:
    """Make a change, unless it is refused."""
    with suppress(ApiTokensError):
        change()


TestReusing = Reusing.TestCase
TestReusing.settings = settings(max_examples=60, stateful_step_count=30)
