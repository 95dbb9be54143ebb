"""The one rule for text from outside: names and descriptions of tokens, profiles, subjects, searches.

Decision 22 gives the reasons. The table of characters is committed, so that every Python answers alike.
"""

import re
import unicodedata

from chalicelib.domain.errors import InvalidRequest
from chalicelib.domain.unicode_table import FLAG_TAGS, INVISIBLE, REFUSED, WHITE_SPACE

MAX_NAME_LENGTH = 100
MAX_DESCRIPTION_LENGTH = 500
# OpenID Connect Core 1.0, section 2, claim ``sub``.
MAX_SUBJECT_LENGTH = 255

# Old rows may hold longer texts. Normalising takes a time that is quadratic in a run of marks.
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


def plain_text(value: str, member: str, longest: int) -> str:
    """Return a name or description trimmed. It may be empty.

    Raises InvalidRequest if it is too long, has a refused character, or is not empty and shows nothing.
    """
    trimmed = value.strip()
    if len(trimmed) > longest:
        raise InvalidRequest(f"'{member}' must have at most {longest} characters.")
    if refused := _refused(trimmed):
        raise InvalidRequest(f"'{member}' must be plain text. U+{ord(refused):04X} is not allowed.")
    if trimmed and not _is_visible(trimmed):
        raise InvalidRequest(f"'{member}' must be empty or have a visible character.")
    return trimmed


def plain_text_pattern(longest: int) -> str:
    """Return the regular expression (ECMA-262 with the flag ``u``, Python) of what ``plain_text`` accepts.

    It leaves lone surrogates aside, which not every dialect can name.
    """
    trimmed = rf"[{WHITE_SPACE}]*[^{REFUSED}]{{0,{longest}}}[{WHITE_SPACE}]*"
    shows = rf"(?![{INVISIBLE}]*$)(?![\s\S]*(?:{_STRAY_TAG}))"
    pattern = f"^(?:[{WHITE_SPACE}]*|{shows}{trimmed})$"
    # The two dialects have no common escape above U+FFFF, so those characters stand for themselves.
    return _LONG_ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), pattern)


def profile_text(value: str, longest: int) -> str:
    """Return a text of a profile, cleaned and cut to ``longest`` characters, or "" if it shows nothing.

    Refused characters are removed. White space is trimmed, and folded to one space. The cut parts a mark
    from its base only if nothing would be left otherwise. Never raises.
    """
    folded = _folded(_cleaned(_folded(value)))
    # A cut within a flag leaves stray tags.
    cut = _cleaned(_cut(folded, longest)).strip()
    return cut if _is_visible(cut) else ""


def is_valid_subject(value: str) -> bool:
    """Return whether a subject can be kept byte for byte.

    It has 1 to 255 characters, all of them plain text, and one of them visible. White space is kept.
    """
    return len(value) <= MAX_SUBJECT_LENGTH and not _refused(value) and _is_visible(value)


def search_key(text: str) -> str:
    """Return what a search compares: NFKD without U+0300 to U+036F, casefolded (UAX #15, section 1.2)."""
    decomposed = unicodedata.normalize("NFKD", text[:_LONGEST_SEARCHED])
    return _ACCENTS.sub("", decomposed).casefold()


def _refused(text: str) -> str | None:
    """Return the first refused character; the tags of a flag are not refused."""
    return next((match[0] for match in _REFUSED_OR_FLAG.finditer(text) if not match[1]), None)


def _cleaned(text: str) -> str:
    return _REFUSED_OR_FLAG.sub(r"\1", text)


def _folded(text: str) -> str:
    return " ".join(text.split())


def _is_visible(text: str) -> bool:
    # Compiled at the first use: the class is large, and most calls of a process need none.
    return re.search(_VISIBLE, text) is not None


def _cut(text: str, longest: int) -> str:
    end = min(longest, len(text))
    while 0 < end < len(text) and _continues(text, end):
        end -= 1
    whole = text[:end]
    return whole if _is_visible(whole) else text[:longest]


def _continues(text: str, at: int) -> bool:
    """Return whether a character belongs to the one before it, as a mark or the rest of an emoji."""
    return text[at - 1] == _ZERO_WIDTH_JOINER or not (text[at] == " " or _is_visible(text[at]))
