"""`python -m infra draw-reference`: write the reference tables that the code decides into their pages.

docs/settings.md has the settings with their defaults and values. The meanings there are written by people.
docs/permissions.md has the calls with their callers, and the functions with what they may do.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import chalicelib.handlers
from chalicelib.handlers.http import operations
from chalicelib.settings import GatewaySettings, Settings, SettingsError
from chalicelib.settings.reading import Reader

ROOT = Path(__file__).parents[1]
SETTINGS = ROOT / "docs" / "settings.md"
PERMISSIONS = ROOT / "docs" / "permissions.md"

_T = TypeVar("_T")

_CALLERS = {
    operations.PERSON: "a person",
    operations.ADMIN: "an administrator",
    operations.ITSELF: "the token itself",
    operations.API_TOKEN: "an API token whose scope opens it",
}
_ROW = re.compile(r"^\| `(\w+)` \|.*\| ([^|]*) \|$", re.MULTILINE)
_REQUIRED = "required"
_NONE = "none"


class _Recorder(Reader):
    """A reader that notes the default and the values of each setting that it is asked for."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        super().__init__(environ)
        self.found: dict[str, tuple[str, str]] = {}

    def optional(self, name: str) -> str | None:
        self._note(name, _NONE, "text")
        return super().optional(name)

    def is_given(self, name: str) -> bool:
        self._note(name, _NONE, "text")
        return super().is_given(name)

    def text(self, name: str, pattern: str, example: str, default: str = "") -> str:
        self._note(name, _code(default) or _REQUIRED, f"text, such as {_code(example)}")
        return super().text(name, pattern, example, default)

    def url(self, name: str, example: str, *, query: bool = False) -> str:
        value = super().url(name, example, query=query)
        self._note(name, _REQUIRED, f"URL, such as {_code(example)}")
        return value

    def choice(self, name: str, values: Sequence[str], default: str) -> str:
        self._note(name, _code(default), ", ".join(map(_code, values)))
        return super().choice(name, values, default)

    def number(self, name: str, least: int, most: int, *, default: int) -> int:
        self._note(name, str(default) if default >= least else _NONE, f"{least} to {most}")
        return super().number(name, least, most, default=default)

    def words(self, name: str) -> frozenset[str]:
        self._note(name, _NONE, "a list, separated by commas")
        return super().words(name)

    def parsed(self, name: str, parse: Callable[[str], _T], example: str) -> _T | None:
        self._note(name, _NONE, f"such as {_code(example)}")
        return super().parsed(name, parse, example)

    def _note(self, name: str, default: str, values: str) -> None:
        # The first word about the default counts: a setting may be read only if it is given.
        first, _ = self.found.get(name, (default, ""))
        self.found[name] = (first, values)


class _Always(dict[str, str]):
    """An environment in which every variable has the same value."""

    def __init__(self, value: str) -> None:
        super().__init__()
        self._value = value

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value."""
        return self._value


def settings() -> Mapping[str, tuple[str, str]]:
    """Return the default and the values of each setting, as cells of a table."""
    found: dict[str, tuple[str, str]] = {}
    for value in ("", "x"):
        recorder = _Recorder(_Always(value))
        for kind in (GatewaySettings, Settings):
            try:
                kind.read(recorder)
            except SettingsError:
                continue
        # With values, more settings are read, but the defaults may follow from them.
        found |= {name: (found.get(name, cells)[0], cells[1]) for name, cells in recorder.found.items()}
    return found


def updated(page: Path) -> str:
    """Return a page with the present tables between its marks. Raises ValueError without marks."""
    text = page.read_text(encoding="utf-8")
    for name, table in TABLES[page].items():
        begin = text.index("-->", text.index(f"<!-- {name}: `python -m infra draw-reference`")) + len("-->")
        end = text.index(f"<!-- {name}: to here -->")
        lines = "\n".join(table(text[begin:end]))
        text = f"{text[:begin]}\n\n{lines}\n\n{text[end:]}"
    return text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add no argument: the pages are known."""


def run(options: argparse.Namespace) -> None:
    """Write the tables into their pages."""
    for page in TABLES:
        page.write_text(updated(page), encoding="utf-8")


def _settings(present: str) -> Iterator[str]:
    meanings, found = dict(_ROW.findall(present)), settings()
    yield "| setting | default | values | meaning |"
    yield "|---|---|---|---|"
    # People order the rows. A new setting comes last, and needs a meaning.
    for name in [*(each for each in meanings if each in found), *sorted(found.keys() - meanings.keys())]:
        default, values = found[name]
        yield f"| `{name}` | {default} | {values} | {meanings.get(name, '')} |"


def _calls(present: str) -> Iterator[str]:
    # As while packaging: the calls are the same for all settings.
    os.environ.setdefault("AWS_CHALICE_CLI_MODE", "true")
    for module in pkgutil.walk_packages(chalicelib.handlers.__path__, "chalicelib.handlers."):
        importlib.import_module(module.name)
    yield "| call | open to |"
    yield "|---|---|"
    for each in sorted(
        operations.documented(), key=lambda each: (each.operation.path, each.operation.method)
    ):
        operation = each.operation
        yield f"| `{operation.method} {operation.documented_path}` | {_callers(operation.access)} |"


def _callers(access: operations.Access) -> str:
    if "client" in access.schemes:
        return "a resource server"
    return _CALLERS[access] if access.schemes else "everyone"


def _functions(present: str) -> Iterator[str]:
    yield "| policy | statement | allows |"
    yield "|---|---|---|"
    for file in sorted((ROOT / ".chalice").glob("policy-*.json")):
        for statement in _statements(json.loads(file.read_text(encoding="utf-8"))["Statement"]):
            actions = ", ".join(map(_code, statement["Action"]))
            yield f"| {_code(file.name)} | {_code(statement['Sid'])} | {actions} |"


def _statements(given: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Return the statements, also those that a parameter turns on."""
    for statement in given:
        yield from _statements(statement["Fn::If"][1:2]) if "Fn::If" in statement else [statement]


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


TABLES: Mapping[Path, Mapping[str, Callable[[str], Iterator[str]]]] = {
    SETTINGS: {"settings": _settings},
    PERMISSIONS: {"calls": _calls, "functions": _functions},
}
"""The tables of each page by their marks. Each is made of the present one, which may have texts to keep."""
