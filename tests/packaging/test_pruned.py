"""What is left out of the zip is nothing that somebody could come to need, and no client notices."""

import ast
import gzip
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore
import pytest

from infra.aws.package.build import Package

pytestmark = pytest.mark.slow

# Modules that are left out though others name them, each behind something that is never so here.
NEVER_REACHED = {
    "dateutil.rrule",  # for calendars
    "dateutil.tz.win",  # on Windows
    "dateutil.zoneinfo",  # for zones by a name that the system does not know
    "urllib3.contrib.emscripten",  # in a browser
    "urllib3.contrib.pyopenssl",  # botocore goes on without it
    "urllib3.http2.connection",  # with h2, when somebody asked for HTTP/2
}
HOSTS = """
import itertools, json, sys
sys.path[:0] = sys.argv[1:]
import botocore.session
from botocore.config import Config
session, found = botocore.session.get_session(), {}
session.set_credentials("x", "x")
for service, region, fips, dual in itertools.product(
    ("apigateway", "apigatewayv2", "dynamodb", "events", "kms", "secretsmanager", "sesv2", "ssm"),
    ("us-east-1", "eu-central-1", "ap-east-2", "us-gov-west-1", "cn-north-1", "us-iso-east-1"),
    (False, True),
    (False, True),
):
    config = Config(use_fips_endpoint=fips, use_dualstack_endpoint=dual)
    try:
        meta = session.create_client(service, region, config=config).meta
        found[f"{service} {region} {fips} {dual}"] = [meta.endpoint_url, meta.region_name, meta.partition]
    except Exception as error:
        found[f"{service} {region} {fips} {dual}"] = repr(error)
print(json.dumps(found))
"""


def test_what_ships_names_nothing_that_does_not(built: Package) -> None:
    """An import inside a function fails on the day that somebody calls it; here it fails the build."""
    with zipfile.ZipFile(built.code) as packed:
        names = set(packed.namelist())
        packages = {n.split("/")[0] for n in names if n.count("/") == 1 and n.endswith("/__init__.py")}
        # Of Chalice only what runs in Lambda is packed, by Chalice itself.
        packages -= {"chalice", "chalicelib"}
        named = {
            module
            for name in names
            if name.endswith(".py") and name.split("/")[0] in packages
            for module in imported(name, packed.read(name))
            if module.split(".")[0] in packages
        }
    files = {name.split(".")[0] for name in names} | {folder for n in names for folder in folders_of(n)}
    left_out = {module for module in named if module.replace(".", "/") not in files}
    assert {module for module in left_out if is_installed(module)} == NEVER_REACHED


def folders_of(name: str) -> Iterator[str]:
    """Yield the folders that a file lies in."""
    return (folder.as_posix() for folder in Path(name).parents)


def imported(name: str, source: bytes) -> Iterator[str]:
    """Yield what a module imports, wherever in it; names in modules may be modules too."""
    package = name.removesuffix(".py").split("/")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        if isinstance(node, ast.ImportFrom):
            around = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*around, *([node.module] if node.module else [])])
            yield from (module, *(f"{module}.{each.name}" for each in node.names))


def is_installed(module: str) -> bool:
    """Whether the whole package, which the tests run with, has such a module."""
    path = Path(botocore.__file__).parents[1] / module.replace(".", "/")
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def test_clients_speak_to_the_hosts_that_the_whole_of_botocore_knows(unpacked: Path) -> None:
    """In every partition, with FIPS and dual-stack endpoints, and where there are none."""
    shipped, whole = hosts(str(unpacked)), hosts()
    assert shipped == whole
    assert whole["kms eu-central-1 False False"][0] == "https://kms.eu-central-1.amazonaws.com"


def hosts(*path: str) -> dict[str, Any]:
    """Return where the clients of a botocore on this path send their requests."""
    done = subprocess.run(
        [sys.executable, "-I", "-B", "-c", HOSTS, *path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_descriptions_of_services_lose_their_texts_only(unpacked: Path) -> None:
    """A member that happens to be called documentation stays: what is sent and read is the same."""
    data, whole = unpacked / "botocore" / "data", Path(botocore.__file__).parent / "data"
    models = [path.relative_to(data) for path in data.rglob("service-2.json.gz")]
    called = ["apigateway", "apigatewayv2", "dynamodb", "events", "kms", "secretsmanager", "sesv2", "ssm"]
    assert sorted(path.parts[0] for path in models) == called
    for model in models:
        shipped, complete = read(data / model), read(whole / model)
        assert texts_in(complete)
        assert not texts_in(shipped)
        assert shipped == without_texts(complete)


def read(path: Path) -> Any:
    """Return what a file of botocore's data says."""
    return json.loads(gzip.decompress(path.read_bytes()))


def texts_in(part: Any) -> list[str]:
    """Return every text for readers."""
    if isinstance(part, list):
        return [text for each in part for text in texts_in(each)]
    if not isinstance(part, dict):
        return []
    own = [part["documentation"]] if isinstance(part.get("documentation"), str) else []
    return own + [text for each in part.values() for text in texts_in(each)]


def without_texts(part: Any) -> Any:
    """Return the same without texts for readers."""
    if isinstance(part, list):
        return [without_texts(each) for each in part]
    if not isinstance(part, dict):
        return part
    return {
        name: without_texts(each)
        for name, each in part.items()
        if not (name == "documentation" and isinstance(each, str))
    }
