"""The order in which test processes take the files."""

from pathlib import Path

from tests.support.scheduling import STACK, slow_first

ROOT = Path(__file__).parents[2]


def test_slow_files_begin_first() -> None:
    """The stack takes longest, and another folder takes long. Otherwise the order stays."""
    scopes = [
        "tests/unit/test_base64url.py",
        "tests/upgrades/test_deployments.py",
        "tests/infra/test_policies.py",
        "tests/iam",
        STACK,
        "tests/e2e/test_journey.py",
    ]
    assert slow_first(scopes, ROOT) == [
        STACK,
        "tests/iam",
        "tests/upgrades/test_deployments.py",
        "tests/e2e/test_journey.py",
        "tests/unit/test_base64url.py",
        "tests/infra/test_policies.py",
    ]
