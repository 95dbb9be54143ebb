"""The four walks of docs/decisions/0030-house.md: which files of chalicelib each enters, and how often.

Run as a file in the folder that is measured: its modules, the tests' support among them, make the walks.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

STAGE = "restapis/a1b2c3d4e5/prod"


class Walk:
    """The files of chalicelib that a call enters, and how often it enters each.

    An entry is a call from another file of chalicelib. Code of libraries between the two does not count.
    """

    def __init__(self, tree: Path) -> None:
        self._below = f"{tree / 'chalicelib'}{os.sep}"
        self.entries = Counter[str]()

    @contextmanager
    def recorded(self, *_: str) -> Iterator[None]:
        """Record what is called meanwhile; the last recording counts."""
        self.entries.clear()
        before = sys.getprofile()
        sys.setprofile(self._on_event)
        try:
            yield
        finally:
            sys.setprofile(before)

    def _on_event(self, frame: FrameType, event: str, _: object) -> None:
        file = frame.f_code.co_filename
        if event != "call" or not file.startswith(self._below) or frame.f_code.co_name == "<module>":
            return
        caller = frame.f_back
        while caller and not caller.f_code.co_filename.startswith(self._below):
            caller = caller.f_back
        if not caller or caller.f_code.co_filename != file:
            self.entries[file] += 1


def walks(tree: Path) -> dict[str, dict[str, int]]:
    """Return the entries of each file by walk, with the service and the tests' support of ``tree``."""
    os.environ.update(AWS_DEFAULT_REGION="us-east-1", AWS_ACCESS_KEY_ID="testing")
    os.environ.update(AWS_SECRET_ACCESS_KEY="testing", STAGE="test")
    from tests.support.service import ENVIRON, MemoryService

    os.environ.update(ENVIRON)
    from chalicelib.handlers.authorizer import api_token_authorizer
    from chalicelib.handlers.flush import flush_authorizer_caches
    from tests.support.api import api_of
    from tests.support.events import Context, rest_token
    from tests.support.provider import TestProvider

    records = _records_of_a_revocation()
    result: dict[str, dict[str, int]] = {}
    service, walk = MemoryService({"AUTHORIZER_CACHE_STAGES": STAGE}), Walk(tree)
    with api_of(service) as api:
        api.around = walk.recorded
        person = TestProvider(service.clock).sign_in("user@example.com")
        # Twice each: the first call of a process also loads modules and keys.
        for _ in range(2):
            token = api.create_token(person, name="ci")
            result["create"] = dict(walk.entries)
            for _ in range(2):  # The first use of a token is also recorded.
                with walk.recorded():
                    api_token_authorizer(rest_token(f"Bearer {token['token']}"), Context())
            result["authorize"] = dict(walk.entries)
            api.delete(f"/v1/tokens/{token['id']}", person)
            result["revoke"] = dict(walk.entries)
            with walk.recorded():
                flush_authorizer_caches({"Records": records}, Context())
            result["flush"] = dict(walk.entries)
    return {name: result[name] for name in ("authorize", "create", "revoke", "flush")}


def _records_of_a_revocation() -> list[Any]:
    """Return what the table's stream hands on, from rows of a table of moto's."""
    from tests.support.api import api_of
    from tests.support.clock import FixedClock
    from tests.support.dynamodb import CloudService, moto_cloud
    from tests.support.provider import TestProvider
    from tests.support.stream import handed_on, records_between

    clock = FixedClock()
    person = TestProvider(clock).sign_in("user@example.com")
    with moto_cloud() as cloud, api_of(CloudService(cloud, clock)) as api:
        token = api.create_token(person, name="ci")
        before = cloud.rows()
        api.delete(f"/v1/tokens/{token['id']}", person)
        return handed_on(records_between(before, cloud.rows()))


if __name__ == "__main__":
    sys.stdout.write(f"{json.dumps(walks(Path.cwd()))}\n")
