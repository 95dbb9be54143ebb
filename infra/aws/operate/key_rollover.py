"""What an operator does with a ring of signing keys, one sentence at a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.adapters.key_cache import MAX_AGE
from chalicelib.domain.errors import ApiTokensError, ConcurrentChange
from chalicelib.domain.keys import KeyRing, KeyState, KeyUse, VerificationKey
from infra.aws.errors import OperatorError
from infra.aws.operate.kms_keys import Pause, create_key_like, read_new_key
from infra.aws.terminal import say_at_once

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

    from chalicelib.domain.ports.signing import KeyStore
    from chalicelib.domain.ports.time import Clock

_LONGEST_PAUSE_SECONDS = 5.0
_TIME = "%Y-%m-%d %H:%M:%S"
_REFUSED = {
    KeyUse.API_TOKEN: f"Every API token signed with it is refused within {MAX_AGE.seconds} s; where API "
    "Gateway remembers an answer, AUTHORIZER_CACHE_SECONDS (30 unless set) later.",
    KeyUse.ACCESS_TOKEN: "Every access token signed with it is refused by each service as soon as that "
    "reads the JWKS again.",
}


@dataclass(frozen=True)
class Operator:
    """One ring of keys in the hands of somebody who may change it."""

    use: KeyUse
    keys: KeyStore
    kms: KMSClient
    clock: Clock
    say: Callable[[str], None] = say_at_once
    pause: Pause = time.sleep

    def list(self) -> None:
        """Show every key, the oldest first."""
        found = sorted(self.keys.load_keys().keys, key=lambda key: key.created_at)
        if not found:
            self.say("No key is published yet: the first token publishes the configured one.")
            return
        self.say(f"{'KID':43}  {'STATE':11}  {'PUBLISHED (UTC)':19}  ARN")
        for key in found:
            self.say(f"{key.kid:43}  {key.state.value:11}  {key.created_at:{_TIME}}  {key.arn}")

    def rotate(self, model: str, lead: timedelta) -> None:
        """Publish a key as next unless there is one, wait until ``lead`` has passed, let it sign.

        ``model`` names the KMS key to imitate where none is active. Raises OperatorError,
        ApiTokensError, ClientError, BotoCoreError.
        """
        ring = self._with_next(self.keys.load_keys(), model)
        if ring.next is None:
            raise OperatorError("Somebody else rotated at the same moment: `list` shows how it is now.")
        self._wait(ring.next, lead)
        self._activate(ring.next.kid, lead)

    def revoke(self, kid: str, *, confirmed: bool) -> None:
        """Let a key verify nothing any more. Raises OperatorError, ApiTokensError."""
        ring = self.keys.load_keys()
        after, key = ring.revoked(kid, self.clock.now()), ring.find(kid)
        self.say(f"{kid} is {key.state.value}. {_REFUSED[self.use]} This is final.")
        if key.state is KeyState.ACTIVE:
            self.say(
                "It is the key that signs: no token can be made until `rotate` has run again. To avoid "
                "that, run `rotate` first, with --lead-seconds 0 if there is no time to wait."
            )
        if not confirmed:
            raise OperatorError("Nothing was changed. Add --yes to revoke the key.")
        self.keys.save_keys(ring, after)
        self.say(f"{kid} is revoked. KMS keeps the key; so that it never signs again:")
        self.say(f"  aws kms disable-key --key-id {key.arn}")
        if self.use is KeyUse.API_TOKEN:
            self._say_how_to_flush()

    def _say_how_to_flush(self) -> None:
        """No flush follows by itself: the stream tells of users and tokens; and right away is too early."""
        self.say(
            f"From {self.clock.now() + MAX_AGE:{_TIME}} UTC on no authorizer accepts it. What API Gateway "
            "remembers goes by itself, or then at once, for each stage:"
        )
        self.say("  aws apigateway flush-stage-authorizers-cache --rest-api-id ID --stage-name STAGE")
        self.say("  aws apigatewayv2 reset-authorizers-cache --api-id ID --stage-name STAGE")

    def _with_next(self, ring: KeyRing, model: str) -> KeyRing:
        if not ring.keys:
            raise OperatorError(
                "There is no key to rotate: the first token publishes the configured one and is signed "
                "with it."
            )
        if ring.next:
            self.say(f"{ring.next.kid} is next already, published {ring.next.created_at:{_TIME}} UTC.")
            return ring
        if not (ring.active or model):
            raise OperatorError("No key is active: --key-id must say which KMS key to make another one of.")
        arn = create_key_like(self.kms, ring.active.arn if ring.active else model)
        return self._published(ring, arn)

    def _published(self, ring: KeyRing, arn: str) -> KeyRing:
        try:
            key = read_new_key(self.kms, arn, self.clock, self.pause)
            after = ring.published(key)
            self.keys.save_keys(ring, after)
        except ConcurrentChange:
            self.say(f"Somebody else changed the keys at the same moment; {arn} was made and is not used.")
            return self.keys.load_keys()
        except (ApiTokensError, KeyboardInterrupt):
            self.say(f"{arn} was made; unless `list` shows it, it is not used.")
            raise
        self.say(f"{key.kid} is published as next, {arn}.")
        return after

    def _wait(self, key: VerificationKey, lead: timedelta) -> None:
        due = key.created_at + lead
        if self.clock.now() < due:
            self.say(
                f"It signs from {due:{_TIME}} UTC on: whoever verifies knows it by then. "
                "Ctrl-C is safe; the same command goes on."
            )
        while (left := (due - self.clock.now()).total_seconds()) > 0:
            self.pause(min(left, _LONGEST_PAUSE_SECONDS))

    def _activate(self, kid: str, lead: timedelta) -> None:
        ring = self.keys.load_keys()
        if ring.active and ring.active.kid == kid:
            self.say(f"{kid} signs already: somebody else let it.")
            return
        self.keys.save_keys(ring, ring.activated(kid, self.clock.now(), lead))
        self.say(f"{kid} signs from now on.")
        if ring.active:
            self.say(f"{ring.active.kid} goes on verifying what it signed, until it is revoked.")
