"""Texts from outside with the right answers. Unit tests and tests over HTTP share them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Case:
    """A text that is allowed or refused as a name or subject, and its form in a profile."""

    text: str
    is_name: bool
    profile: str
    is_subject: bool


def tags(text: str) -> str:
    """Return an ASCII text as tag characters; ``.`` is the tag that ends a flag."""
    return "".join("\U000e007f" if c == "." else chr(0xE0000 + ord(c)) for c in text)


def _good(text: str) -> Case:
    return Case(text, True, text, True)


def _odd(text: str, profile: str) -> Case:
    return Case(text, False, profile, False)


def _between(character: str, profile: str = "ab") -> Case:
    return _odd(f"a{character}b", profile)


FLAG = "\U0001f3f4"
INVISIBLE = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b\u180e\u180f\u200b\u200c\u200d\u2060\u2062\u2800\u3164\ufe00"
    "\ufe0f\ufeff\uffa0\ufffc\U00013441\U0001bca0\U0001d159\U0001d173\U000e0100"
)
# A mark alone lacks a base.
MARKS = "\u0301\u0489\u05b8\u064b\u093e\u0e34\u20dd\u20e3\u302a\U0001d165"
BIDIRECTIONAL = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
BREAKS = "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029"
CONTROLS = "\x00\x01\x07\x1b\x7f\x80\x9f"
OTHER_FORMAT = "\u206a\u206f\ufff9\ufffa\ufffb"
NONCHARACTERS = "\ufdd0\ufdef\ufffe\uffff\U0001fffe\U0010ffff"
# Reserved for invisible format characters.
RESERVED = "\u2065\ufff0\U000e0000\U000e0002\U000e0080\U000e01f0\U000e0fff"
SURROGATES = "\ud800\udbff\udc00\udfff"

GOOD = {
    "Latin": "K\u00e4se",
    "decomposed": "Cafe\u0301",
    "markup": "<b>&\"'\\",
    "CJK": "\u6771\u4eac",
    "ideographic variation": "\u845b\U000e0100",
    "Hangul syllables": "\ud55c\uad6d\uc5b4",
    "Hangul jamo": "\u1112\u1161\u11ab",
    "Hangul jamo after a filler": "\u115f\u1161",
    "Hebrew with points": "\u05e9\u05b8\u05c1\u05dc\u05d5\u05b9\u05dd",
    "Persian with a non-joiner": "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    "Devanagari with a joiner": "\u0915\u094d\u200d\u0937",
    "Sinhala with a joiner": "\u0dc1\u0dca\u200d\u0dbb\u0dd3",
    "Thai": "\u0e01\u0e33\u0e25\u0e31\u0e07",
    "Mongolian with a vowel separator": "\u1820\u180e\u1821",
    "emoji": "\U0001f9c0",
    "emoji with a selector": "\u2764\ufe0f",
    "emoji of joined ones": "\U0001f469\u200d\U0001f52c",
    "emoji of a family": "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",
    "emoji with a skin tone": "\U0001f44d\U0001f3fd",
    "emoji of a key": "1\ufe0f\u20e3",
    "flag of a country": "\U0001f1e9\U0001f1ea",
    "flag of England": FLAG + tags("gbeng."),
    "flags of regions in a text": f"x{FLAG}{tags('gbsct.')}{FLAG}{tags('ustx.')}y",
    "black flag": FLAG,
    "pirate flag": f"{FLAG}\u200d\u2620\ufe0f",
    "soft hyphen within a word": "nightly\u00adbuild",
    "zero width space within a word": "nightly\u200bbuild",
    "invisible first and last": "\u200bci\u2060",
    "private use": "\ue000",
    "private use, the logo of a vendor": "\uf8ff",
    "private use, plane 15": "\U000f0000",
    "unassigned": "\u0378",
    "emoji of Unicode 16": "\U0001fae9",
    "replacement character": "\ufffd",
}
BROKEN_FLAGS = {
    "tags alone": _odd(tags("hidden"), ""),
    "language tag": _odd("\U000e0001" + tags("en"), ""),
    "tags after text": _odd("ci" + tags("hidden"), "ci"),
    "end of a flag after text": _odd("ci" + tags("."), "ci"),
    "flag without an end": _odd(FLAG + tags("gbeng"), FLAG),
    "flag without a region": _odd(FLAG + tags("."), FLAG),
    "flag with too short a region": _odd(FLAG + tags("gb."), FLAG),
    "flag with too long a region": _odd(FLAG + tags("gbengxx."), FLAG),
    "flag with capitals": _odd(FLAG + tags("GBENG."), FLAG),
    "flag with tags behind": _odd(FLAG + tags("gbeng.x"), FLAG + tags("gbeng.")),
    "flag parted from its region": _odd(f"{FLAG} {tags('gbeng.')}", FLAG),
    "flag of another base": _odd("\U0001f3f3" + tags("gbeng."), "\U0001f3f3"),
}
# A name that is empty after trimming is allowed: the token has none.
EMPTY = {
    f"white space {text!a}": Case(text, True, "", False)
    for text in ("", " ", "\t\r\n", "\x1c", "\u0085", "\u00a0\u3000", "\u2028")
}

CASES: dict[str, Case] = {
    **EMPTY,
    **{label: _good(text) for label, text in GOOD.items()},
    "two spaces": Case("a  b", True, "a b", True),
    **BROKEN_FLAGS,
    **{f"only {c!a}": _odd(c, "") for c in INVISIBLE + MARKS},
    **{f"only {c!a} and spaces": _odd(f" {c} {c} ", "") for c in "\u0301\u200b\u2800\u3164"},
    "marks only": _odd("\u0301\u0302\u0303", ""),
    "invisible ones of all kinds": _odd(INVISIBLE + MARKS, ""),
    **{f"within a text {c!a}": _good(f"a{c}b") for c in INVISIBLE + MARKS},
    **{f"within a text {c!a}": _between(c, "a b") for c in BREAKS},
    **{
        f"within a text {c!a}": _between(c)
        for c in CONTROLS + BIDIRECTIONAL + OTHER_FORMAT + NONCHARACTERS + RESERVED + SURROGATES
    },
    "CR and LF": _between("\r\n", "a b"),
    "line of a header": _odd("Una\r\nX-Admin: 1", "Una X-Admin: 1"),
    "surrogates in the wrong order": _between("\udc00\ud800"),
    "control between spaces": _odd("a \x00 b", "a b"),
    "bidirectional control alone": _odd("\u202e", ""),
    "NUL alone": _odd("\x00", ""),
    "NUL in front": _odd("\x00ci", "ci"),
}
