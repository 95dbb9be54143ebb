"""What a person may give to a deployment, and what is kept."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from infra.aws.deploy.parameters import SECRETS, given_parameters
from infra.aws.errors import DeploymentError
from infra.aws.package.pieces import with_pieces
from infra.local.template import read_template

PAGE = Path(__file__).parents[2] / "docs" / "deploy.md"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("A=1 B=2", {"A": "1", "B": "2"}),
        ('A="two words" B=x=y C=', {"A": "two words", "B": "x=y", "C": ""}),
    ],
)
def test_parameters_are_names_with_values(text: str, expected: dict[str, str]) -> None:
    """Quotes hold a value together; a value may be empty or have an equals sign."""
    assert given_parameters(text, {}) == expected


@pytest.mark.parametrize("text", ["A", "=1", "A=1 A=2", 'A="1'])
def test_other_words_are_refused(text: str) -> None:
    """With how it is meant."""
    with pytest.raises(DeploymentError, match="PARAMETERS"):
        given_parameters(text, {})


def test_secret_comes_from_the_environment() -> None:
    """Where no history of a shell and no list of processes has it; an empty one takes nothing away."""
    assert given_parameters("A=1", {"OIDC_CLIENT_SECRET": "x"}) == {"A": "1", "OidcClientSecret": "x"}
    assert given_parameters("", {"OIDC_CLIENT_SECRET": ""}) == {}


def test_secret_on_the_command_line_is_refused_and_not_repeated() -> None:
    """The sentence says where it belongs. Taking it away is no secret."""
    with pytest.raises(DeploymentError, match="Set OIDC_CLIENT_SECRET in the environment") as refused:
        given_parameters("OidcClientSecret=s3cret", {})
    assert "s3cret" not in str(refused.value)
    assert given_parameters("OidcClientSecret=", {}) == {"OidcClientSecret": ""}


def test_refused_words_do_not_repeat_values() -> None:
    """A value may be a secret of somebody who mistyped."""
    with pytest.raises(DeploymentError) as refused:
        given_parameters("A=1 A=s3cret", {})
    assert "s3cret" not in str(refused.value)


def test_page_names_every_parameter() -> None:
    """The table is whole, and the secret ones say where they come from."""
    section = PAGE.read_text(encoding="utf-8").split("## Parameters")[1]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    parameters = with_pieces(dict(read_template()))["Parameters"]
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == parameters.keys()
    assert {name for name, each in parameters.items() if each.get("NoEcho")} == SECRETS.keys()
