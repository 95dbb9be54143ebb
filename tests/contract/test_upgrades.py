"""Rows of a line as 0.1 reads them, and rows of 0.1 as this version reads them."""

import io
import json
import subprocess
import sys
import tarfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.dynamodb import items
from chalicelib.adapters.dynamodb.attributes import Item
from chalicelib.domain.ids import new_token_id
from chalicelib.domain.revocations import RevocationReason
from chalicelib.domain.rotation import own_successor_of, rotation_of, successor_of
from chalicelib.domain.tokens import TokenStatus
from tests.support.builders import RULES, a_token, a_user
from tests.support.clock import START

RELEASE = "cb23d41"
ROOT = Path(__file__).parents[2]
DAY = timedelta(days=1)
OWNER = a_user()

READ = """
    import json, sys
    from chalicelib.adapters.dynamodb import items
    for row in json.load(sys.stdin):
        token = items.read_token(row)
        print(json.dumps(items.token_item(token)))
"""


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the code of 0.1, or skip where the history does not hold it."""
    archive = subprocess.run(
        ["git", "archive", RELEASE, "chalicelib"], cwd=ROOT, capture_output=True, check=False
    )
    if archive.returncode:
        pytest.skip(f"The commit {RELEASE} of 0.1 is not in this clone.")
    path = tmp_path_factory.mktemp("release")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
        tar.extractall(path, filter="data")
    return path


def by_release(release: Path, rows: list[Item]) -> list[dict[str, Any]]:
    """Return rows of tokens as 0.1 reads and writes them."""
    script = "\n".join(line.removeprefix("    ") for line in READ.splitlines())
    run = subprocess.run(
        [sys.executable, "-c", script],
        cwd=release,
        input=json.dumps(rows),
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in run.stdout.splitlines()]


def test_release_reads_the_tokens_of_a_line(release: Path) -> None:
    """It keeps all that it knows of, and only the new attributes are unknown to it."""
    first = a_token(OWNER, expires_at=START + 9 * DAY)
    own = rotation_of(first, None, own_successor_of(first, new_token_id(START), START, RULES), DAY, RULES)
    persons = successor_of(own.successor, new_token_id(START), START, RULES)
    ended = own.successor.revoked(RevocationReason.EXPOSED, START, RULES)
    rows = [items.TOKEN.item(token) for token in (own.rotated.after, own.successor, persons, ended)]

    for row, read in zip(rows, by_release(release, rows), strict=True):
        assert row.keys() - read.keys() <= {"line_id", "lifetime_began_at", "by_pk", "by_sk"}
        assert read == {name: row[name] for name in read}


def test_rows_of_the_release_are_read(release: Path) -> None:
    """A token, and a successor, whose line is not known but who counts as self-rotated."""
    first = a_token(OWNER)
    made = rotation_of(first, None, successor_of(first, new_token_id(START), START, RULES), DAY, RULES)
    rows = by_release(release, [items.TOKEN.item(t) for t in (made.rotated.after, made.successor)])
    old, successor = (items.TOKEN.read(row) for row in rows)

    assert (old.is_self_rotated, successor.is_self_rotated) == (False, True)
    assert (successor.line_id, successor.lifetime_start) == (None, successor.created_at)
    assert successor.status(OWNER, START, RULES) is TokenStatus.ACTIVE
