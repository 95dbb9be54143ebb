"""The rules for text from outside: names, descriptions, profiles, subjects and searches.

Decision record 22 gives the reasons. The table of characters is committed, so that every version of
Python gives the same result.
"""

import re
import unicodedata

from chalicelib.domain.errors import InvalidText
from chalicelib.domain.leaks import JWE, JWS, PASTED, held_in
from chalicelib.domain.unicode_table import FLAG_TAGS, INVISIBLE, REFUSED, WHITE_SPACE

MAX_NAME_LENGTH = 100
MAX_DESCRIPTION_LENGTH = 500
MAX_SEARCH_LENGTH = 100
# OpenID Connect Core 1.0, section 2, claim ``sub``.
MAX_SUBJECT_LENGTH = 255

# Old rows may hold longer texts. Normalising a run of marks takes quadratic time.
_LONGEST_SEARCHED = 1_000

# A black flag, then letters or digits as tags, then the tag that ends them (UTS #51, emoji tag sequence).
_BLACK_FLAG = r"\U0001f3f4"
_REGION = r"[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f"
_REFUSED_OR_FLAG = re.compile(rf"({_BLACK_FLAG}{_REGION})|[{REFUSED}{FLAG_TAGS}\ud800-\udfff]")
_STRAY_TAG = (
    rf"(?<![{_BLACK_FLAG}{FLAG_TAGS}])[{FLAG_TAGS}]"
    rf"|{_BLACK_FLAG}(?=[{FLAG_TAGS}])(?!{_REGION}(?![{FLAG_TAGS}]))"
)
_VISIBLE = f"[^{INVISIBLE}]"
_ZERO_WIDTH_JOINER = "\u200d"
_ACCENTS = re.compile("[\u0300-\u036f]")
_LONG_ESCAPE = re.compile(r"\\U([0-9a-f]{8})")


def plain_text(value: str, longest: int) -> str:
    """Return a trimmed name or description, which may be empty.

    Raises InvalidText if it holds an API token or a JWT, is too long, has a refused character, or has no
    visible one.
    """
    trimmed = value.strip()
    # Names and descriptions are shown, mailed and kept in events, so a token in them is not secret.
    if held := held_in(trimmed):
        raise InvalidText(f"must not hold {held.value}")
    if len(trimmed) > longest:
        raise InvalidText(f"must have at most {longest} characters")
    if refused := _refused(trimmed):
        raise InvalidText(f"must be plain text without the character U+{ord(refused):04X}")
    if trimmed and not _is_visible(trimmed):
        raise InvalidText("must be empty or have a visible character")
    return trimmed


def plain_text_pattern(longest: int) -> str:
    """Return the regular expression for texts that ``plain_text`` accepts.

    The dialects are Python and ECMA-262 with the flag ``u``. Lone surrogates are not covered, because not
    every dialect can name them. Tokens are covered as they are copied, but not if they are split, encoded
    or written in other characters.
    """
    trimmed = rf"[{WHITE_SPACE}]*[^{REFUSED}]{{0,{longest}}}[{WHITE_SPACE}]*"
    shows = rf"(?![{INVISIBLE}]*$)(?![\s\S]*(?:{_STRAY_TAG}|{PASTED}|{JWS}|{JWE}))"
    pattern = f"^(?:[{WHITE_SPACE}]*|{shows}{trimmed})$"
    # The two dialects do not share an escape above U+FFFF, so write those characters themselves.
    return _LONG_ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), pattern)


def profile_text(value: str, longest: int) -> str:
    """Return a profile's text, cleaned and cut to ``longest`` characters, or "" if nothing is visible.

    Refused characters are removed. White space is trimmed, and each run becomes one space. A mark is cut
    from its base only if nothing would be left otherwise. A text that holds a token is left out, because
    other people read it. Never raises.
    """
    folded = _folded(_cleaned(_folded(value)))
    # A cut within a flag leaves stray tags.
    cut = _cleaned(_cut(folded, longest)).strip()
    return cut if _is_visible(cut) and not (held_in(value) or held_in(cut)) else ""


def is_valid_subject(value: str) -> bool:
    """Return True if a subject can be kept unchanged.

    It must have 1 to 255 characters, all allowed and at least one visible. White space at the ends counts.
    """
    return len(value) <= MAX_SUBJECT_LENGTH and not _refused(value) and _is_visible(value)


def search_key(text: str) -> str:
    """Return the form that searches compare: casefolded NFKD without accents (UAX #15, section 1.2)."""
    decomposed = unicodedata.normalize("NFKD", text[:_LONGEST_SEARCHED])
    return _ACCENTS.sub("", decomposed).casefold()


def _refused(text: str) -> str | None:
    """Return the first refused character, or None. Tags in a flag are allowed."""
    return next((match[0] for match in _REFUSED_OR_FLAG.finditer(text) if not match[1]), None)


def _cleaned(text: str) -> str:
    return _REFUSED_OR_FLAG.sub(r"\1", text)


def _folded(text: str) -> str:
    return " ".join(text.split())


def _is_visible(text: str) -> bool:
    # Compiled at first use, because the class is large and many processes never need it.
    return re.search(_VISIBLE, text) is not None


def _cut(text: str, longest: int) -> str:
    end = min(longest, len(text))
    while 0 < end < len(text) and _continues(text, end):
        end -= 1
    whole = text[:end]
    return whole if _is_visible(whole) else text[:longest]


def _continues(text: str, at: int) -> bool:
    """Return True if a character belongs to the one before it, as a mark or the rest of an emoji."""
    return text[at - 1] == _ZERO_WIDTH_JOINER or not (text[at] == " " or _is_visible(text[at]))
