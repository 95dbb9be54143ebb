"""An account in the emulator, and a stack of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from botocore.session import Session

from infra.aws.account import Account
from tests.deployment.desk import SERVICES, Desk, EmulatorSession
from tests.support.local_stack import emulator


@pytest.fixture(scope="session")
def session() -> Iterator[EmulatorSession]:
    """Return a session of the emulator's account; the emulator is started once."""
    with emulator(SERVICES) as emulated:
        yield EmulatorSession(emulated.endpoint)


@pytest.fixture
def desk(session: Session, tmp_path: Path) -> Desk:
    """Return somebody who has deployed nothing yet."""
    return Desk(tmp_path, session, Account.of_session(session), f"stack-{uuid4().hex[:8]}")
