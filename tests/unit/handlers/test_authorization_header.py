"""The one parser of Authorization headers."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.handlers.http.authorization_header import MALFORMED, presented
from tests.support.headers import NOT_ONE_CREDENTIAL, SAME_CREDENTIAL


@pytest.mark.parametrize("header", SAME_CREDENTIAL)
@pytest.mark.parametrize("credential", ["x", "bodhi_eyJ-_.eyJ._-", "eyJ.e30.x", "abc/+=", "a==", "~.-_/+"])
def test_white_space_is_not_part_of_a_credential(header: str, credential: str) -> None:
    """Every spelling of the header that HTTP allows has the same credential."""
    assert presented("bearer", header.format(t=credential)) == credential


@pytest.mark.parametrize("header", NOT_ONE_CREDENTIAL)
def test_anything_but_one_credential_is_refused(header: str) -> None:
    """The parser never returns a part of a malformed header as the credential."""
    assert presented("bearer", header.format(t="eyJ.e30.x")) in (None, MALFORMED)


@pytest.mark.parametrize(
    "header",
    [None, "", " ", "\t", "Basic dTpw", "Basic", "bodhi_x", "Bearerx", "Bearer:", "Bearer\tx", "\u2603 x"],
)
def test_header_without_the_scheme_has_no_credential(header: str | None) -> None:
    """The header is missing, or it has another scheme or none."""
    assert presented("bearer", header) is None


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "bearer   ", "Bearer =", "Bearer a b", "Bearer a,b"]
)
def test_scheme_without_exactly_one_credential_is_malformed(header: str) -> None:
    """A scheme without exactly one credential counts as a bad credential, not as a missing one."""
    assert presented("bearer", header) == MALFORMED


def test_scheme_is_the_one_that_is_asked_for() -> None:
    """The parser also reads the scheme Basic, which OAuth clients use."""
    assert presented("basic", " BASIC   dTpw= ") == "dTpw="
    assert presented("basic", "Bearer dTpw=") is None
    # Unicode folds both letters to letters of ASCII, but a scheme is ASCII.
    assert presented("basic", "ba\u017fic x") is None
    assert presented("\u212a", "k x") is None


def test_long_headers_are_read_once() -> None:
    """A long credential with a bad end is refused without backtracking."""
    assert presented("bearer", "Bearer " + "a" * 1_000_000 + "=" * 1_000_000 + "!") == MALFORMED
    assert presented("bearer", " " * 1_000_000 + "Bearer" + " " * 1_000_000 + "x") == "x"


@given(
    st.from_regex(r"\A[A-Za-z0-9._~+/-]+=*\Z"),
    st.text(" \t"),
    st.text(" "),
    st.sampled_from(["Bearer", "bEARER"]),
)
def test_every_credential_survives_every_spelling(
    credential: str, around: str, between: str, scheme: str
) -> None:
    """White space and the case of the scheme never change the credential."""
    assert presented("bearer", f"{around}{scheme} {between}{credential}{around}") == credential


@given(st.text() | st.text("Bearer =x\t,").map("Bearer {}".format))
def test_no_text_gives_more_than_one_credential(header: str) -> None:
    """The parser returns None, MALFORMED or a part of the header that has the form of one credential."""
    credential = presented("bearer", header)
    assert credential in (None, MALFORMED) or credential in header
    assert credential in (None, MALFORMED) or re.fullmatch(r"[A-Za-z0-9._~+/-]+=*", credential)
