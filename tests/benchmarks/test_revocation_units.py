"""The cost of a job that revokes or pauses 1,000 tokens, exactly, on the emulator."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.adapters.dynamodb import items
from chalicelib.bootstrap import Service
from chalicelib.domain.callers import Caller, Door
from chalicelib.domain.events import Actor, ActorKind
from chalicelib.domain.revocation_jobs import JobAction, JobStatus
from chalicelib.domain.revocations import RevocationReason
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User
from chalicelib.services import revocation_jobs
from chalicelib.services.revocation_jobs import WantedRevocations
from tests.benchmarks.filling import fill
from tests.benchmarks.meter import Meter, metered, total
from tests.benchmarks.place import Place
from tests.benchmarks.prices import Units
from tests.support.builders import a_token, a_user, an_admin
from tests.support.dynamodb import dynamodb_client, new_table
from tests.support.local_stack import Emulated, emulator

pytestmark = [pytest.mark.slow, pytest.mark.emulator]

USERS, TOKENS_EACH = 200, 5
HOUR = timedelta(hours=1)
REASON = RevocationReason.EXPOSED


@pytest.fixture(scope="module")
def running() -> Iterator[Emulated]:
    """Start the emulator once. Each test has a table of its own."""
    with emulator() as running:
        yield running


@pytest.fixture
def place(running: Emulated) -> Iterator[Place]:
    """Return the emulator with an empty table."""
    table = new_table(dynamodb_client(running.endpoint))
    with ExitStack() as closed_last:
        yield Place(replace(running, table_name=table), closed_last)


@pytest.fixture
def meter(place: Place) -> Iterator[Meter]:
    """Return the meter of all calls."""
    with metered(place.running.endpoint) as meter:
        yield meter


def filled(place: Place, service: Service) -> tuple[User, list[Token]]:
    """Write an administrator and 1,000 tokens of 200 users, a second ago. Return both."""
    then = service.clock.now() - timedelta(seconds=1)
    admin = an_admin(role_given_at=then, created_at=then - timedelta(days=1))
    owners = [
        a_user(f"user-{n}@example.com", created_at=then - timedelta(seconds=n), live_tokens=TOKENS_EACH)
        for n in range(USERS)
    ]
    tokens = [a_token(owner, then) for owner in owners for _ in range(TOKENS_EACH)]
    rows = [items.USER.item(user) for user in (admin, *owners)]
    fill(place, iter(rows + [items.TOKEN.item(token) for token in tokens]))
    return admin, tokens


@pytest.mark.parametrize(
    ("action", "is_named", "is_dry_run", "most"),
    [
        (JobAction.REVOKE, True, False, Units(4_750, 9_150)),
        (JobAction.REVOKE, False, False, Units(4_300, 9_050)),
        (JobAction.PAUSE, False, False, Units(4_300, 7_050)),
        (JobAction.REVOKE, True, True, Units(2_750, 150)),
        (JobAction.REVOKE, False, True, Units(2_300, 50)),
    ],
)
def test_job_about_a_thousand_tokens(
    place: Place,
    meter: Meter,
    monkeypatch: pytest.MonkeyPatch,
    action: JobAction,
    is_named: bool,
    is_dry_run: bool,
    most: Units,
) -> None:
    """A token is read twice and changed by one transaction. The job itself adds a few percent."""
    # The work within the request ends by the clock, so it is left out.
    monkeypatch.setattr(revocation_jobs, "_AT_ONCE", timedelta(0))
    service = place.service(meter.url)
    admin, tokens = filled(place, service)
    actor = Actor(ActorKind.ADMINISTRATOR, admin.id, Caller(Door.OWN_API, "192.0.2.7"))
    ids = [token.id for token in tokens] if is_named else []
    wanted = WantedRevocations(REASON, is_dry_run, ids, action=action)
    meter.taken()
    job = service.revocation_jobs.start(admin, wanted, actor, "key")
    service.run_revocations.all_running(service.clock.now() + HOUR)
    calls = meter.taken()
    job = service.revocation_jobs.get(job.id)
    assert (job.status, job.tokens, job.people) == (JobStatus.FINISHED, 1_000, USERS)
    units, operations = total(calls), Counter(call.operation for call in calls)
    assert operations["BatchGetItem"] == (1_000 if is_dry_run else 2_000)
    assert operations["TransactWriteItems"] == (1 if is_dry_run else 1_001)
    assert units.read <= most.read
    assert units.write <= most.write
