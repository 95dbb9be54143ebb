"""The rule for text from outside: names, profiles, subjects, searches, and the published pattern."""

import hashlib
import json
import re
import subprocess
import sys
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.domain.errors import InvalidText
from chalicelib.domain.text import (
    MAX_DESCRIPTION_LENGTH,
    MAX_NAME_LENGTH,
    MAX_SUBJECT_LENGTH,
    is_valid_subject,
    plain_text,
    plain_text_pattern,
    profile_text,
    search_key,
)
from chalicelib.domain.unicode_table import WHITE_SPACE
from infra import unicode_table
from infra.aws.errors import CommandError
from tests.support.node import node_or_skip
from tests.support.texts import CASES, FLAG, INVISIBLE, MARKS, SURROGATES, Case, tags
from tests.support.work import assert_linear_time

EVERY_CHARACTER = "".join(map(chr, range(sys.maxunicode + 1)))

# Each character stands for its kind, so that few draws reach every rule.
ALPHABET = " \t\n\x1f\x00\x85\u2028\u061c\u200e\u3000abc\U0001f511\u0301\u200b\u200d\u2800\ufe0f\ufffe" + (
    "\U000e0001\U000e0041\U0001f3f4" + tags("a1.")
)
TEXTS = st.lists(
    st.sampled_from([*ALPHABET, FLAG + tags("gbeng."), FLAG + tags("abc1"), FLAG]), max_size=12
).map("".join)
ANY_TEXT = st.text(st.characters()) | TEXTS


def is_accepted(value: str, longest: int) -> bool:
    """Return whether a text may be a name."""
    try:
        plain_text(value, longest)
    except InvalidText:
        return False
    return True


cases = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


# Names and descriptions.


@cases
def test_name_is_kept_or_refused(case: Case) -> None:
    """Each text of the table is kept trimmed, or is refused."""
    if case.is_name:
        assert plain_text(case.text, MAX_NAME_LENGTH) == case.text.strip()
    else:
        with pytest.raises(InvalidText):
            plain_text(case.text, MAX_NAME_LENGTH)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("  ci \n", "ci"),
        ("\u00a0ci\u3000", "ci"),
        (" " + "x" * MAX_NAME_LENGTH + " ", "x" * MAX_NAME_LENGTH),
        ("\U0001f9c0" * MAX_NAME_LENGTH, "\U0001f9c0" * MAX_NAME_LENGTH),
        ("\r\n\u2764\ufe0f\u2028", "\u2764\ufe0f"),
    ],
)
def test_plain_text_is_kept_as_it_is_but_trimmed(value: str, expected: str) -> None:
    """White space at both ends is trimmed. Invisible characters stay, such as the heart's selector."""
    assert plain_text(value, MAX_NAME_LENGTH) == expected


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("four", "must have at most 3 characters"),
        ("a\x00b", "must be plain text without the character U+0000"),
        ("a\u202e", "must be plain text without the character U+202E"),
        ("a\U000e0041", "must be plain text without the character U+E0041"),
        ("\u200b", "must be empty or have a visible character"),
    ],
)
def test_refusal_says_what_is_wrong(value: str, rule: str) -> None:
    """The error gives the rule. It names a character by its number."""
    with pytest.raises(InvalidText) as refused:
        plain_text(value, 3)
    assert (refused.value.rule, refused.value.detail) == (rule, f"The text {rule}.")


HELD = ["bodhi_eyJ9.eyJ_-.s", "see bodhi_eyJ9.eyJ_.s!", "bodhi_bodhi_eyJ9.eyJ_.s", "bodhi_eyJ-9.eyJ_.eyJ9"]
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl"
JWE = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..aXZpdml2aXY.Y2lwaGVy.dGFn"
JWTS = [
    JWT,
    f"see {JWT}, please",
    f"old{JWT}",
    JWT.replace("signature", "=signature"),
    JWE,
    f"Bearer {JWE}",
]
JWTS.append("eyJhbGciOiJSU0EtT0FFUCJ9.a2V5a2V5a2V5.aXZpdml2aXY.Y2lwaGVy.dGFn")
NOT_HELD = [
    "Hey Jude. Hey Jane. This is for production",
    "keyJsonParser.settingsOf.production",
    "apiKeyJournal.eyJournal.x",
    "eyJhbGciOiJSUzI1NiJ9",
    "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0In0",
    "JWTs begin with eyJ... and have two dots.",
    "bodhi_",
    "bodhi_eyJ",
    "bodhi_eyJ9.eyJ_",
    "bodhi_eyJ9.eyJ_. s",
    "bodhi_eu.west.1",
    "eyJ9.eyJ_.s",
    "BODHI_eyJ",
]


@pytest.mark.parametrize("text", HELD)
def test_token_is_not_a_text(text: str) -> None:
    """A token is refused even without the end of its signature, and before a text that is too long."""
    for value, longest in ((text, 100), (text + "x" * 500, 100), (f"\u200b{text}\x00", 3)):
        with pytest.raises(InvalidText, match=r"^The text must not hold the string of an API token\.$"):
            plain_text(value, longest)


@pytest.mark.parametrize("text", JWTS)
def test_jwt_is_not_a_text(text: str) -> None:
    """A provider's JWT and an access token open something too."""
    with pytest.raises(InvalidText, match=r"^The text must not hold a JWT\.$"):
        plain_text(text, 100)


@pytest.mark.parametrize("text", NOT_HELD)
def test_text_may_begin_as_a_token_does(text: str) -> None:
    """The prefix and parts of a token are ordinary text."""
    assert plain_text(text, 100) == text


@given(ANY_TEXT)
def test_every_text_is_refused_or_round_trips(value: str) -> None:
    """A kept text is the trimmed text. It survives UTF-8 and JSON, and is kept again unchanged."""
    if not is_accepted(value, MAX_NAME_LENGTH):
        return
    kept = plain_text(value, MAX_NAME_LENGTH)
    assert kept == value.strip()
    assert kept.encode().decode() == kept
    assert json.loads(json.dumps(kept)) == kept
    assert plain_text(kept, MAX_NAME_LENGTH) == kept


# The table.


@pytest.mark.slow
def test_table_is_made_of_the_named_version() -> None:
    """The committed table is the script's output. Only Python 3.11 can check it."""
    if unicodedata.unidata_version != unicode_table.VERSION:
        pytest.skip(
            f"This Python knows Unicode {unicodedata.unidata_version}, not {unicode_table.VERSION}."
        )
    assert unicode_table.TABLE.read_text(encoding="utf-8") == unicode_table.module()


def test_no_other_version_makes_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """The script refuses another version of Unicode, which would change answers without a decision."""
    monkeypatch.setattr(unicodedata, "unidata_version", "15.1.0")
    with pytest.raises(CommandError, match=r"made of Unicode 14\.0\.0.*knows Unicode 15\.1\.0"):
        unicode_table.module()


# SHA-256 of two digits for each code point.
FINGERPRINT = "5fdce2f0770fd99c97495d8451ba37173ddd7969eba18ac88c168b606eeb5fd6"


@pytest.mark.slow
def test_every_python_gives_the_same_answers() -> None:
    """The answers for all characters have one fingerprint on every Python."""
    digits = "".join(f"{is_valid_subject(c):d}{is_valid_subject('a' + c):d}" for c in EVERY_CHARACTER)
    assert hashlib.sha256(digits.encode()).hexdigest() == FINGERPRINT


def test_white_space_is_what_python_trims() -> None:
    """The pattern and ``str.strip`` trim alike on every Python."""
    trimmed = {character for character in EVERY_CHARACTER if not character.strip()}
    assert set(re.findall(f"[{WHITE_SPACE}]", EVERY_CHARACTER)) == trimmed


# The pattern.


@given(ANY_TEXT)
@example("\n" * 3)
@example("a" * 5 + "\n")
@example("\u0301" * 6)
def test_pattern_matches_exactly_the_texts_that_are_accepted(value: str) -> None:
    """The pattern agrees with the service, except for lone surrogates."""
    if set(value) & set(map(chr, range(0xD800, 0xE000))):
        return
    assert bool(re.fullmatch(plain_text_pattern(5)[1:-1], value)) is is_accepted(value, 5)


@cases
def test_pattern_answers_as_the_table_does(case: Case) -> None:
    """The pattern agrees with each text of the table."""
    if not set(case.text) & set(SURROGATES):
        assert bool(re.fullmatch(plain_text_pattern(MAX_NAME_LENGTH)[1:-1], case.text)) is case.is_name


@pytest.mark.parametrize("text", [*HELD, *JWTS, *NOT_HELD])
def test_pattern_refuses_tokens(text: str) -> None:
    """The pattern agrees with the service about tokens."""
    matched = re.fullmatch(plain_text_pattern(MAX_NAME_LENGTH)[1:-1], text)
    assert bool(matched) is is_accepted(text, MAX_NAME_LENGTH) is (text in NOT_HELD)


def test_pattern_answers_alike_in_a_browsers_language() -> None:
    """ECMA-262 with the flag ``u`` reads the pattern as Python does."""
    texts = [case.text for case in CASES.values() if not set(case.text) & set(SURROGATES)]
    texts += [*HELD, *JWTS, *NOT_HELD]
    texts += ["x" * MAX_NAME_LENGTH, "x" * (MAX_NAME_LENGTH + 1), "\U0001f511" * MAX_NAME_LENGTH]
    script = """
        const { pattern, texts } = JSON.parse(require('fs').readFileSync(0, 'utf8'));
        const expression = new RegExp(pattern, 'u');
        console.log(JSON.stringify(texts.map((text) => expression.test(text))));
    """
    asked = json.dumps({"pattern": plain_text_pattern(MAX_NAME_LENGTH), "texts": texts})
    ended = subprocess.run(
        [node_or_skip(), "-e", script], input=asked, capture_output=True, text=True, check=True, timeout=30
    )
    assert json.loads(ended.stdout) == [is_accepted(text, MAX_NAME_LENGTH) for text in texts]


# Profiles.


@cases
def test_profile_keeps_the_visible_part(case: Case) -> None:
    """A profile is never refused. Refused characters are removed, and a line break becomes a space."""
    assert profile_text(case.text, 100) == case.profile


@pytest.mark.parametrize(
    ("value", "longest", "expected"),
    [
        ("  Una\r\n\tUser \u3000 Jr. ", 100, "Una User Jr."),
        ("Una User", 4, "Una"),
        ("Una User", 5, "Una U"),
        ("Cafe\u0301s", 4, "Caf"),
        ("Cafe\u0301s", 5, "Cafe\u0301"),
        ("ab\U0001f469\u200d\U0001f52c", 4, "ab"),
        ("ab\U0001f469\u200d\U0001f52c", 5, "ab\U0001f469\u200d\U0001f52c"),
        ("I \u2764\ufe0f", 3, "I"),
        (f"a{FLAG}{tags('gbeng.')}", 7, "a"),
        ("a" + "\u0301" * 300, 255, "a" + "\u0301" * 254),
        (f"{FLAG}{tags('gbeng.')}", 3, FLAG),
        ("\u200ba" + "\u0301" * 300, 255, "\u200ba" + "\u0301" * 253),
        ("\u0301" * 300 + "a", 255, ""),
        ("ab", 0, ""),
        ("x" * 70_000, 255, "x" * 255),
    ],
)
def test_profile_is_cut_between_characters(value: str, longest: int, expected: str) -> None:
    """The cut keeps marks, selectors and joined emoji whole, unless one of them alone is too long."""
    assert profile_text(value, longest) == expected


@given(ANY_TEXT, st.integers(0, 12))
def test_cleaned_profile_is_plain_text(value: str, longest: int) -> None:
    """A cleaned text is a valid name, and cleaning it again changes nothing."""
    cleaned = profile_text(value, longest)
    assert plain_text(cleaned, longest) == cleaned
    assert profile_text(cleaned, longest) == cleaned


@given(ANY_TEXT, st.integers(0, 12))
def test_profile_shows_something_if_the_text_does(value: str, longest: int) -> None:
    """A profile is empty only if none of the kept characters is visible."""
    shows = any(is_valid_subject(character) for character in value)
    whole = profile_text(value, 10_000)
    assert bool(whole) is shows
    assert bool(profile_text(value, longest)) is any(is_valid_subject(c) for c in whole[:longest])


# Subjects.


@cases
def test_subject_is_kept_or_refused(case: Case) -> None:
    """A subject is never changed. A text that would need a change is refused."""
    assert is_valid_subject(case.text) is case.is_subject


@pytest.mark.parametrize(
    ("value", "is_valid"),
    [
        (" jo ", True),
        ("auth0|5f7c8ec7c33c6c004bbafe82", True),
        ("CN=Jo Doe,OU=Users", True),
        ("x" * MAX_SUBJECT_LENGTH, True),
        ("x" * (MAX_SUBJECT_LENGTH + 1), False),
        ("\U0001f511" * MAX_SUBJECT_LENGTH, True),
        ("", False),
        ("jo\n", False),
        ("jo\ud800", False),
    ],
)
def test_subject_has_1_to_255_characters(value: str, is_valid: bool) -> None:
    """Spaces at the ends count towards the length, because a subject is not trimmed."""
    assert is_valid_subject(value) is is_valid


# Searches.


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("istanbul", "\u0130stanbul"),
        ("\u0130STANBUL", "istanbul"),
        ("cafe", "Caf\u00e9"),
        ("cafe", "Cafe\u0301"),
        ("CAF\u00c9", "cafe"),
        ("cafe\u0301", "Caf\u00e9"),
        ("strasse", "Stra\u00dfe"),
        ("STRASSE", "Stra\u1e9ee"),
        ("fi", "\ufb01x"),
        ("abc 1", "\uff21\uff22\uff23\u3000\uff11"),
        ("\u03c3", "\u039f\u0394\u039f\u03a3"),
        ("\u0444", "\u0424\u0451\u0434\u043e\u0440"),
        ("\ud55c", "\u1112\u1161\u11ab"),
        ("\uac00", "\uac01"),
        ("nguyen", "Nguy\u1ec5n"),
        ("\U00010428", "\U00010400"),
    ],
)
def test_search_ignores_case_accents_and_forms(query: str, text: str) -> None:
    """Each spelling of a letter finds every other one."""
    assert search_key(query) in search_key(text)


@pytest.mark.parametrize(
    ("query", "text"), [("o", "\u00f8"), ("a", "\u0430"), ("\u3044", "\u3042"), ("i", "\u0131")]
)
def test_search_tells_letters_apart(query: str, text: str) -> None:
    """A letter that only looks alike is not found."""
    assert search_key(query) not in search_key(text)


@pytest.mark.slow
def test_search_key_of_a_key_is_the_key() -> None:
    """Applying the search key twice changes nothing."""
    for character in EVERY_CHARACTER:
        key = search_key(character)
        assert search_key(key) == key, ascii(character)


@given(ANY_TEXT)
def test_text_finds_itself_in_any_form(value: str) -> None:
    """Normalisation and case do not change the matches."""
    key = search_key(value)
    assert search_key(key) == key
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert search_key(unicodedata.normalize(form, value)) == key


# Costs.


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        " ",
        "\u0301",
        "\u05b0\u0591\u0316",
        "\u200b",
        FLAG,
        FLAG + tags("gbeng"),
        tags("a"),
        " \u200b",
        "\ud800",
    ],
    ids=ascii,
)
def test_work_for_hostile_text_grows_with_its_length(unit: str) -> None:
    """A quadratic rule would let one text hold up everybody else's."""

    def look_at(value: str) -> None:
        for text in (value, "a" + value, value + "a"):
            is_accepted(text, len(text))
            profile_text(text, 255)
            is_valid_subject(text)
            search_key(text)

    assert_linear_time(look_at, lambda size: unit * (size // len(unit)), 2_048)


def test_limits_are_those_of_the_contract() -> None:
    """Names have 100 characters, descriptions 500, subjects 255."""
    assert (MAX_NAME_LENGTH, MAX_DESCRIPTION_LENGTH, MAX_SUBJECT_LENGTH) == (100, 500, 255)


def test_samples_are_of_the_kinds_that_they_stand_for() -> None:
    """Each invisible sample is invisible, and each mark is a mark."""
    assert all(not profile_text(character, 1) for character in INVISIBLE + MARKS)
    assert all(unicodedata.category(character).startswith("M") for character in MARKS)
