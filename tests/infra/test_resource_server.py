"""The command that makes the credentials of a resource server."""

import hashlib
import json

import pytest

from chalicelib.settings.client_definitions import parse_resource_servers
from infra.__main__ import main


def test_new_secret_goes_with_the_printed_setting(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever holds the secret is the client that the setting names."""
    assert main(["resource-server", "orders"]) == 0
    printed = capsys.readouterr()
    servers = parse_resource_servers(json.loads(printed.out))
    secret = printed.err.splitlines()[1].strip()
    assert servers["orders"].secret_sha256 == hashlib.sha256(secret.encode()).hexdigest()
    assert len(secret) >= 43
    assert secret not in printed.out


def test_secrets_differ(capsys: pytest.CaptureFixture[str]) -> None:
    """They are random."""
    assert main(["resource-server", "orders"]) == main(["resource-server", "orders"]) == 0
    assert len(set(capsys.readouterr().out.splitlines())) == 2


def test_name_that_no_client_can_have_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is printed that would not be accepted."""
    assert main(["resource-server", "two words"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "visible ASCII" in printed.err
