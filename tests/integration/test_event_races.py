"""Many writers of the same tokens and users at once: the events, added up, lead to the rows as they are."""

import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

import pytest

from chalicelib.domain.events import Event
from chalicelib.domain.network_lists import allowed_networks
from chalicelib.domain.revocation_jobs import JobAction
from chalicelib.domain.revocations import RevocationReason
from chalicelib.domain.tokens import Token, TokenState
from chalicelib.domain.users import User
from chalicelib.services.manage import TokenPatch
from chalicelib.services.revocation_jobs import WantedRevocations
from chalicelib.services.sign_in import Credentials
from tests.integration.test_races import ADMIN, Racers, at_once
from tests.support.actors import ADMINISTRATOR, CALLER, PERSON
from tests.support.builders import a_request
from tests.support.dynamodb import Cloud, CloudService
from tests.support.histories import check_histories, check_no_token_without_row

pytestmark = [pytest.mark.slow, pytest.mark.emulator]

HOUR = timedelta(hours=1)
Change = Callable[[CloudService, User, Token], object]


@pytest.fixture
def racers(atomic_cloud: Cloud) -> Racers:
    """Return processes over an empty table."""
    return Racers(atomic_cloud)


def _patched(by_admin: bool = False, **changes: object) -> Change:
    def patch(process: CloudService, owner: User, token: Token) -> object:
        wanted = TokenPatch(**changes)  # type: ignore[arg-type]
        if by_admin:
            status = wanted.status or TokenState.INACTIVE
            return process.administer_tokens.set_status(ADMIN, owner.id, token.id, status, ADMINISTRATOR)
        return process.manage.patch(owner, token.id, wanted, PERSON)

    return patch


def _job(action: JobAction) -> Change:
    def start(process: CloudService, owner: User, token: Token) -> object:
        wanted = WantedRevocations(RevocationReason.ADMIN, token_ids=[token.id], action=action)
        key = f"{action.value}-{token.id}"
        return process.revocation_jobs.start(ADMIN, wanted, ADMINISTRATOR, key)

    return start


OF_TOKENS: Sequence[Change] = [
    *(_patched(name=f"name {n}") for n in range(3)),
    _patched(status=TokenState.INACTIVE),
    _patched(status=TokenState.INACTIVE, name="paused"),
    _patched(status=TokenState.ACTIVE),
    _patched(by_admin=True, status=TokenState.INACTIVE),
    _patched(by_admin=True, status=TokenState.ACTIVE),
    _patched(allowed_networks=allowed_networks(["192.0.2.0/24"])),
    lambda process, owner, token: process.manage.keep_alive(owner, token.id, PERSON),
    lambda process, owner, token: process.rotate(owner, token.id, HOUR, PERSON),
    lambda process, owner, token: process.rotate(owner, token.id, HOUR, PERSON, by_itself=True),
    lambda process, owner, token: process.issue(owner, a_request(), PERSON),
    _job(JobAction.PAUSE),
]
ENDS: Sequence[Change] = [
    _job(JobAction.REVOKE),
    lambda process, owner, token: process.revoke(owner, token.id, RevocationReason.OWNER, PERSON),
]
OF_USERS: Sequence[Change] = [
    lambda process, owner, _: process.administer.deactivate(ADMIN, owner.id, ADMINISTRATOR),
    lambda process, owner, _: process.administer.reactivate(
        ADMIN, owner.id, ADMINISTRATOR, restore_tokens=True
    ),
    lambda process, owner, _: process.administer.revoke_all_tokens(ADMIN, owner.id, ADMINISTRATOR),
]


def events_of(racers: Racers, owner: User) -> list[Event]:
    """Return all events of a user."""
    part = racers.service.events.list_events(owner.id, after=None, limit=1_000)
    assert part.next_position is None
    return list(part.events)


def checked(racers: Racers, owner: User) -> int:
    """Fail unless the events lead to the rows. Return their number."""
    rows, events = racers.rows(owner), events_of(racers, owner)
    check_histories([racers.stored(owner)], rows, events)
    check_no_token_without_row(rows, events)
    return len(events)


def signed_in(racers: Racers, processes: Sequence[CloudService], number: int) -> User:
    """Return a user whom all processes meet for the first time at once."""
    jwt = racers.provider.sign_in(f"racer-{number}@example.com")
    credentials = Credentials(CALLER, unverified_bearer=jwt)
    users = at_once([partial(process.sign_in.user, credentials) for process in processes])
    (owner,) = {each.id: each for each in users if isinstance(each, User)}.values()
    return owner


@pytest.mark.parametrize("seed", range(4))
def test_events_lead_to_the_rows(racers: Racers, seed: int) -> None:
    """Each change is one event and each event is a change, whichever writers meet and whoever loses."""
    chosen = random.Random(seed)
    processes = racers.processes(8)
    owner = signed_in(racers, processes, seed)
    before = checked(racers, owner)
    for changes in (OF_TOKENS, OF_TOKENS, [*OF_TOKENS, *OF_USERS], [*OF_TOKENS, *ENDS, *OF_USERS]):
        owner = racers.stored(owner)
        if not owner.is_active:
            owner = racers.service.administer.reactivate(
                ADMIN, owner.id, ADMINISTRATOR, restore_tokens=True
            ).after
        tokens = [racers.issue(owner).token for _ in range(2)]
        racers.clock.advance(timedelta(minutes=1))
        actions = [
            partial(chosen.choice(changes), process, owner, chosen.choice(tokens))
            for process in processes
            for _ in range(2)
        ]
        at_once(actions)
        told = checked(racers, owner)
        assert told > before
        before = told
