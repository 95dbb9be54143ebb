"""The signing keys in KMS, whose first publication is an event of the service itself."""

from typing import TYPE_CHECKING

from chalicelib.adapters.kms import KmsSigningKeys
from chalicelib.domain.events import SYSTEM, Event, EventType
from chalicelib.domain.keys import KeyUse, VerificationKey

if TYPE_CHECKING:
    from chalicelib.bootstrap.closed_mode import Service


def signing_keys(service: "Service", use: KeyUse) -> KmsSigningKeys:
    """Return the keys of one use. A key of the other use is refused."""

    def publication_of(key: VerificationKey) -> Event:
        return service.journal.about_key(EventType.KEY_PUBLISHED, use, None, key, SYSTEM)

    first, ring, other_ring = service.settings.signing_key_id, service.keys, service.access_token_keys
    if use is KeyUse.ACCESS_TOKEN:
        first, ring, other_ring = service.settings.derived_token_key_id or "", other_ring, ring
    return KmsSigningKeys(service.kms, first, ring, service.clock, publication_of, other_ring)
