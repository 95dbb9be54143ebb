"""`python -m infra draw-architecture`: draw the rooms and their imports into docs/architecture.md.

An arrow leads from a room to one that its modules import. Arrows that others imply are left out.
"""

from __future__ import annotations

import argparse
import ast
import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "architecture.md"
BEGIN = "<!-- rooms: `python -m infra draw-architecture` writes from here -->"
END = "<!-- rooms: to here -->"

# A module belongs to the room with the longest of these names that it begins with.
ROOMS = {
    "app": "app.py",
    "chalicelib.handlers": "functions<br>authorizer, front_doors, events, flush, sweep",
    "chalicelib.handlers.v1": "v1<br>management API",
    "chalicelib.handlers.oauth": "oauth<br>OAuth 2.0",
    "chalicelib.handlers.docs": "docs<br>the contract",
    "chalicelib.handlers.page": "page<br>sign-in and HTML",
    "chalicelib.handlers.http": "http: the floor<br>operations, requests, responses, problems",
    "chalicelib.handlers.callers": "callers<br>a connection, as gateways describe it",
    "chalicelib.handlers.challenges": "challenges<br>of functions and gateways",
    "chalicelib.bootstrap": "bootstrap<br>builds each part when it is first needed",
    "chalicelib.services": "services<br>one module per subject",
    "chalicelib.adapters": "KMS, JWS,<br>API Gateway, EventBridge",
    "chalicelib.adapters.oidc": "oidc<br>OpenID Connect",
    "chalicelib.adapters.dynamodb": "dynamodb<br>the table",
    "chalicelib.adapters.dynamodb.lean": "lean<br>our client of DynamoDB",
    "chalicelib.settings": "settings<br>the environment",
    "chalicelib": "logs, codecs",
    "chalicelib.domain": "domain<br>plain Python: rules, values, errors, ports",
    "infra": "command line",
    "infra.aws": "terminal, accounts, errors",
    "infra.aws.package": "package<br>template, policies",
    "infra.aws.deploy": "deploy<br>stages",
    "infra.aws.operate": "operate<br>the operator's commands",
    "infra.local": "local<br>the local stack",
}
# Rooms are drawn inside their group, outermost first.
GROUPS = {
    "chalicelib.handlers": "handlers: the only rooms that know Chalice and events",
    "chalicelib.adapters": "adapters: the only rooms that know AWS, JWS and OpenID",
    "infra": "infra: never deployed",
}

# The page's files are read, not imported.
_PAGE_FILES = 'chalicelib_handlers_page -. reads .-> web["web<br>the page: HTML, CSS, JavaScript"]'

Arrows = frozenset[tuple[str, str]]


def drawn() -> str:
    """Return the diagram as Mermaid text. Raises ValueError if rooms import one another in a circle."""
    drawn_arrows = without_implied(arrows())
    lines = ["flowchart TD"]
    for group, title in {"": "", **GROUPS}.items():
        rooms = [room for room in ROOMS if _group_of(room) == group]
        boxes = [f'{_node(room)}["{ROOMS[room]}"]' for room in rooms]
        if group:
            boxes = [f'subgraph {_node(group)}_group["{title}"]', *(f"  {box}" for box in boxes), "end"]
        lines += boxes
    lines += [f"{_node(importer)} --> {_node(imported)}" for importer, imported in sorted(drawn_arrows)]
    lines.append(_PAGE_FILES)
    return "\n  ".join(lines)


def updated(page: str) -> str:
    """Return the page with the present diagram between its marks. Raises ValueError without marks."""
    before, after = page.index(BEGIN) + len(BEGIN), page.index(END)
    return f"{page[:before]}\n\n```mermaid\n{drawn()}\n```\n\n{page[after:]}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add no argument: there is one page."""


def run(options: argparse.Namespace) -> None:
    """Write the diagram into the page."""
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def arrows() -> Arrows:
    """Return which room imports which, without the imports that only types need."""
    graph = grimp.build_graph("chalicelib", "infra", exclude_type_checking_imports=True, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    # The command line imports the module of a command by name, when it is run.
    commands = importlib.import_module("infra.__main__").COMMANDS
    imports["infra.__main__"] |= {command.module for command in commands.values()}
    # The app is a module outside all packages, which grimp does not read.
    imports["app"] = set(_imports_of_app())
    found = {(_room_of(importer), _room_of(each)) for importer, them in imports.items() for each in them}
    return frozenset((importer, imported) for importer, imported in found if importer != imported)


def _imports_of_app() -> Iterator[str]:
    for node in ast.walk(ast.parse((ROOT / "app.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("chalicelib"):
            yield node.module


def _room_of(module: str) -> str:
    parts = module.split(".")
    names = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next(name for name in names if name in ROOMS)


def _group_of(room: str) -> str:
    return next((group for group in GROUPS if room == group or room.startswith(f"{group}.")), "")


def _node(room: str) -> str:
    return room.replace(".", "_")


def without_implied(arrows: Arrows) -> Arrows:
    """Leave out each arrow to a room that other arrows reach. Raises ValueError for a circle."""
    imports: dict[str, set[str]] = {room: set() for room in ROOMS}
    for importer, imported in arrows:
        imports[importer].add(imported)
    reached = {room: _reached(room, imports, ()) for room in ROOMS}
    return frozenset(
        (importer, imported)
        for importer, imported in arrows
        if not any(imported in reached[between] for between in imports[importer])
    )


def _reached(room: str, imports: Mapping[str, set[str]], way: tuple[str, ...]) -> set[str]:
    if room in way:
        raise ValueError(f"rooms import one another: {' -> '.join([*way, room])}")
    return imports[room].union(*(_reached(each, imports, (*way, room)) for each in imports[room]))
