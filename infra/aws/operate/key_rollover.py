"""The operator's work on a ring of signing keys. Each step is one printed sentence."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.adapters.key_cache import MAX_AGE
from chalicelib.domain.errors import ApiTokensError, ConcurrentChange
from chalicelib.domain.events import EventType
from chalicelib.domain.keys import KeyRing, KeyState, KeyUse, VerificationKey
from chalicelib.services.journal import Journal
from infra.aws.errors import OperatorError
from infra.aws.operate.kms_keys import Pause, create_key_like, read_new_key
from infra.aws.operate.operator_name import unnamed
from infra.aws.terminal import say_at_once

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

    from chalicelib.domain.ports.signing import KeyStore
    from chalicelib.domain.ports.time import Clock
    from infra.aws.operate.operator_name import Name

_LONGEST_PAUSE_SECONDS = 5.0
_TIME = "%Y-%m-%d %H:%M:%S"
_REFUSED = {
    KeyUse.API_TOKEN: f"Every API token signed with it is refused within {MAX_AGE.seconds} s. A decision "
    "that API Gateway has cached is refused AUTHORIZER_CACHE_SECONDS later (30 by default).",
    KeyUse.ACCESS_TOKEN: "Each service refuses the access tokens signed with it when the service reads "
    "the JWKS again.",
}


@dataclass(frozen=True)
class Operator:
    """An operator who may change one ring of keys."""

    use: KeyUse
    keys: KeyStore
    kms: KMSClient
    clock: Clock
    journal: Journal
    name: Name = unnamed
    say: Callable[[str], None] = say_at_once
    pause: Pause = time.sleep

    def list(self) -> None:
        """Print every key, the oldest first."""
        found = sorted(self.keys.load_keys().keys, key=lambda key: key.created_at)
        if not found:
            self.say("No key is published yet. The first token publishes the configured key.")
            return
        self.say(f"{'KID':43}  {'STATE':11}  {'PUBLISHED (UTC)':19}  ARN")
        for key in found:
            self.say(f"{key.kid:43}  {key.state.value:11}  {key.created_at:{_TIME}}  {key.arn}")

    def roll_over(self, model: str, lead: timedelta) -> None:
        """Publish a next key unless the ring has one, wait until it is ``lead`` old, and sign with it.

        ``model`` names the KMS key to imitate if no key is active. Raises OperatorError, ApiTokensError,
        ClientError, BotoCoreError.
        """
        ring = self._with_next(self.keys.load_keys(), model)
        if ring.next is None:
            raise OperatorError(
                "Another operator rolled the keys over at the same time. `list` shows the keys."
            )
        self._wait(ring.next, lead)
        self._activate(ring.next.kid, lead)

    def revoke(self, kid: str, *, confirmed: bool) -> None:
        """Refuse every token that a key signed. Raises OperatorError, ApiTokensError."""
        ring = self.keys.load_keys()
        after, key = ring.revoked(kid, self.clock.now()), ring.find(kid)
        self.say(f"{kid} is {key.state.value}. {_REFUSED[self.use]} This is final.")
        if key.state is KeyState.ACTIVE:
            self.say(
                "This key signs new tokens. Without it, no token can be made until `roll-over` has run. "
                "Run `roll-over` first, in an emergency with --lead-seconds 0."
            )
        if not confirmed:
            raise OperatorError("Nothing was changed. Add --yes to revoke the key.")
        self._save(ring, after, EventType.KEY_REVOKED, kid)
        self.say(f"{kid} is revoked. KMS still has the key. To stop KMS from signing with it:")
        self.say(f"  aws kms disable-key --key-id {key.arn}")
        if self.use is KeyUse.API_TOKEN:
            self._say_how_to_flush()

    def _say_how_to_flush(self) -> None:
        # The service flushes for changes of users and tokens only. A flush at once would be too early,
        # because authorizers would accept the tokens again, and API Gateway would cache that.
        self.say(
            f"From {self.clock.now() + MAX_AGE:{_TIME}} UTC on, no authorizer accepts its tokens. Cached "
            "decisions of API Gateway expire. To end them earlier, run after that time, for each stage:"
        )
        self.say("  aws apigateway flush-stage-authorizers-cache --rest-api-id ID --stage-name STAGE")
        self.say("  aws apigatewayv2 reset-authorizers-cache --api-id ID --stage-name STAGE")

    def _with_next(self, ring: KeyRing, model: str) -> KeyRing:
        if not ring.keys:
            raise OperatorError("The ring is empty. The first token publishes the configured key.")
        if ring.next:
            self.say(
                f"{ring.next.kid} is next already. It was published {ring.next.created_at:{_TIME}} UTC."
            )
            return ring
        if not (ring.active or model):
            raise OperatorError("No key is active. Name the KMS key to imitate with --key-id.")
        arn = create_key_like(self.kms, ring.active.arn if ring.active else model)
        return self._published(ring, arn)

    def _published(self, ring: KeyRing, arn: str) -> KeyRing:
        try:
            key = read_new_key(self.kms, arn, self.clock, self.pause)
            after = ring.published(key)
            self._save(ring, after, EventType.KEY_PUBLISHED, key.kid)
        except ConcurrentChange:
            self.say(f"Another operator changed the keys at the same time. {arn} was made and is not used.")
            return self.keys.load_keys()
        except (ApiTokensError, KeyboardInterrupt):
            self.say(f"{arn} was made. It is not used unless `list` shows it.")
            raise
        self.say(f"{key.kid} is published as next: {arn}")
        return after

    def _wait(self, key: VerificationKey, lead: timedelta) -> None:
        due = key.created_at + lead
        if self.clock.now() < due:
            self.say(
                f"It signs from {due:{_TIME}} UTC on, when every verifier knows it. "
                "You can stop with Ctrl-C, and run the same command again to continue."
            )
        while (left := (due - self.clock.now()).total_seconds()) > 0:
            self.pause(min(left, _LONGEST_PAUSE_SECONDS))

    def _activate(self, kid: str, lead: timedelta) -> None:
        ring = self.keys.load_keys()
        if ring.active and ring.active.kid == kid:
            self.say(f"{kid} signs already. Another operator activated it.")
            return
        self._save(ring, ring.activated(kid, self.clock.now(), lead), EventType.KEY_ACTIVATED, kid)
        self.say(f"{kid} signs from now on.")
        if ring.active:
            self.say(f"Tokens that {ring.active.kid} signed stay valid until it is revoked.")

    def _save(self, before: KeyRing, after: KeyRing, kind: EventType, kid: str) -> None:
        """Write a step with its event. A step is one event, also if the former key stops signing."""
        former = next((key for key in before.keys if key.kid == kid), None)
        event = self.journal.about_key(kind, self.use, former, after.find(kid), self.name())
        self.keys.save_keys(before, after, event)
