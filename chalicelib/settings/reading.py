"""The reader of single values, and the error that names every problem with them."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from chalicelib import strict_json

_T = TypeVar("_T")

URL_PATTERN = r"https?://([^\s/?#@:\[\]]+|\[[0-9a-fA-F:.]+\])(:[0-9]{1,5})?(/[^\s?#]*)?"

_QUERY = r"(\?[^\s#]*)?"
_LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})
# Lambda's environment has 4 KB. Local settings may be longer.
_JSON_BOUNDS = strict_json.Bounds(longest=1024 * 1024, deepest=8, most_values=20_000)


class SettingsError(Exception):
    """A missing or invalid setting. The text has one line for each problem."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))


def is_loopback(url: str) -> bool:
    """Return True if a URL stays on this machine, where plain http is as good as https."""
    # Deployed settings have https URLs only, so an authorizer does not load this module.
    from urllib.parse import urlsplit

    try:
        return urlsplit(url).hostname in _LOOPBACK_HOSTS
    except ValueError:  # The brackets do not hold an IPv6 address.
        return False


class Reader:
    """A reader that gathers every problem, so that one start names them all."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._problems: list[str] = []

    def refuse(self, name: str, wrong: str, example: str) -> None:
        """Note a problem: the setting, what is wrong with it, and a value that is valid."""
        self._problems.append(f"{name} {wrong}, for example {name}={example}")

    def finish(self) -> None:
        """Raise SettingsError if there was a problem."""
        if self._problems:
            raise SettingsError(self._problems)

    def is_given(self, name: str) -> bool:
        """Return True if the setting is not empty."""
        return bool(self._value(name))

    def optional(self, name: str) -> str | None:
        """Return the text, or None if it is missing."""
        return self._value(name) or None

    def text(self, name: str, pattern: str, example: str, default: str = "") -> str:
        """Return text that matches ``pattern``. Without a default it is required."""
        value = self._value(name) or default
        if not value:
            self.refuse(name, "is missing", example)
        elif not re.fullmatch(pattern, value):
            self.refuse(name, f"is not valid: {value!r}", example)
        return value

    def choice(self, name: str, values: Sequence[str], default: str) -> str:
        """Return one of ``values``."""
        value = self._value(name) or default
        if value in values:
            return value
        self.refuse(name, f"is {value!r} but must be one of {', '.join(values)}", default)
        return default

    def flag(self, name: str) -> bool:
        """Return True for ``true``, and False for ``false`` or nothing."""
        return self.choice(name, ("true", "false"), "false") == "true"

    def number(self, name: str, least: int, most: int, *, default: int) -> int:
        """Return a whole number from ``least`` to ``most``."""
        value = self._value(name)
        if not value:
            return default
        if re.fullmatch(r"[0-9]{1,12}", value) and least <= int(value) <= most:
            return int(value)
        example = str(default if default >= least else most)
        self.refuse(name, f"is {value!r} but must be a whole number from {least} to {most}", example)
        return default

    def url(self, name: str, example: str, *, query: bool = False) -> str:
        """Return a required URL, which is https unless it stays on this machine."""
        value = self.text(name, URL_PATTERN + (_QUERY if query else ""), example)
        if value.startswith("http://") and not is_loopback(value):
            self.refuse(name, f"is {value!r} but must be https", example)
        return value

    def words(self, name: str) -> frozenset[str]:
        """Return the words of a list that is separated by commas."""
        return frozenset(word.strip() for word in self._value(name).split(",") if word.strip())

    def parsed(self, name: str, parse: Callable[[str], _T], example: str) -> _T | None:
        """Return what ``parse`` makes of the text, or None if it is missing.

        ``parse`` raises ValueError, whose text says what is wrong.
        """
        value = self._value(name)
        if not value:
            return None
        try:
            return parse(value)
        except ValueError as error:
            self.refuse(name, str(error), example)
        return None

    def parsed_json(self, name: str, parse: Callable[[object], _T], example: str) -> _T | None:
        """Return what ``parse`` makes of the JSON, as ``parsed`` does."""
        return self.parsed(
            name, lambda text: parse(strict_json.parse(text, _JSON_BOUNDS, well_formed=True)), example
        )

    def _value(self, name: str) -> str:
        return self._environ.get(name, "").strip()
