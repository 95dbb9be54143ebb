"""The zip for Lambda: Chalice's zip without the files that no function loads, with compiled modules."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infra.aws.errors import PackagingError
from infra.aws.package.roots import PLACE, write_roots

MAX_BYTES = 10_000_000

# The services that this project calls. botocore has the models of about four hundred.
_SERVICES = frozenset(
    {"apigateway", "apigatewayv2", "dynamodb", "events", "kms", "secretsmanager", "sesv2", "ssm"}
)
# botocore's names for the hosts. Both kinds of API have one.
_ENDPOINTS = frozenset({"apigateway", "dynamodb", "email", "events", "kms", "secretsmanager", "ssm"})
# No function loads these files, even if a layer adds a package that a library tries to import. If a module
# in the zip imports one of them, a test knows why the import never runs.
_UNUSED = re.compile(
    "|".join(
        (
            # cryptography needs only the compiled part of cffi.
            r"(cffi|pycparser)/.*|pycparser-[^/]+\.dist-info/.*",
            # botocore uses the certificates of certifi, and no function uses stubs.
            r"botocore/cacert\.pem|botocore/data/.*/examples-1\.json(\.gz)?|botocore/stub\.py",
            # EventBridge has two versions of its API, and botocore uses the later one.
            r"botocore/data/events/2014-02-03/.*",
            # The clients of boto3 are those of botocore. These files are for its resources, and for
            # readers.
            r"boto3/(data|examples)/.*",
            # botocore uses dateutil for times in UTC, without rules, holidays or named time zones.
            r"dateutil/((easter|rrule|tzwin|utils)\.py|tz/win\.py|zoneinfo/.*)",
            # No browser runs this code, and no function uses SOCKS or HTTP/2. Without pyopenssl.py,
            # botocore uses the TLS of the standard library, even if a layer adds pyOpenSSL.
            r"urllib3/(contrib/(emscripten/.*|(pyopenssl|socks)\.py)|http2/connection\.py)",
            # Commands for a terminal, tests, and types for a checker.
            r"(certifi|jwt)/((__main__|cli|help)\.py|cli/.*)",
            r"jmespath-[^/]+\.data/.*|[a-z_]+/tests/.*|.*\.pyi|.*/py\.typed|(.*/)?__pycache__/.*",
            # The hashes in these lists are no longer correct.
            r"[^/]+\.dist-info/RECORD",
        )
    )
)
_OWN = re.compile(
    r"app\.py|chalicelib/([a-z0-9_]+/)*[a-z0-9_]+\.py|chalicelib/web/[a-z-]+\.(css|html|js|svg)"
)
# The times are constant, because the same content must give the same zip.
_TIME = (1980, 1, 1, 0, 0, 0)
_READABLE = 0o644 << 16


def rewrite(package: Path) -> int:
    """Replace Chalice's zip with ours and return its size in bytes.

    Raises PackagingError if it has a file of the project that must not ship, or if it is too large to start
    quickly.
    """
    with tempfile.TemporaryDirectory(prefix="bodhi-bundle-") as folder:
        root = Path(folder)
        with zipfile.ZipFile(package) as packed:
            packed.extractall(root)
        _refuse_stray(root)
        _prune(root)
        write_roots(root)
        _shorten(root / "botocore" / "data")
        _compile(root)
        _zip(root, package)
    size = package.stat().st_size
    if size > MAX_BYTES:
        raise PackagingError(f"The package has {size:,} bytes, more than {MAX_BYTES:,}")
    return size


def _refuse_stray(root: Path) -> None:
    # Chalice packs every file in chalicelib, also a forgotten .env.
    own = [root / "app.py", *(root / "chalicelib").rglob("*")]
    for path in own:
        name = path.relative_to(root).as_posix()
        is_known = "__pycache__" in path.parts or name == PLACE or _OWN.fullmatch(name)
        if path.is_file() and not is_known:
            raise PackagingError(f"{name} must not ship. Remove it from the project.")


def _prune(root: Path) -> None:
    for service in (root / "botocore" / "data").iterdir():
        if service.is_dir() and service.name not in _SERVICES:
            shutil.rmtree(service)
    for path in list(_files(root)):
        if _UNUSED.fullmatch(path.relative_to(root).as_posix()):
            path.unlink()


def _shorten(data: Path) -> None:
    # botocore reads these files whenever it makes a client. Documentation and the hosts of services that no
    # function calls only cost time.
    for path in data.glob("*/*/service-2.json.gz"):
        model = json.loads(gzip.decompress(path.read_bytes()), object_hook=_without_documentation)
        path.write_bytes(gzip.compress(_compact(model), mtime=0))
    hosts = data / "endpoints.json"
    partitions = json.loads(hosts.read_bytes())
    for partition in partitions["partitions"]:
        services = partition["services"].items()
        partition["services"] = {name: each for name, each in services if name in _ENDPOINTS}
    hosts.write_bytes(_compact(partitions))


def _without_documentation(part: dict[str, Any]) -> dict[str, Any]:
    # A shape may have a member with that name. Only a text is documentation.
    return {name: each for name, each in part.items() if name != "documentation" or isinstance(each, dict)}


def _compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _compile(root: Path) -> None:
    # Lambda's file system is read-only, so each cold start would compile a module that is not compiled
    # here. Python must not compare times, because the times in the zip are constant. A fixed seed is needed
    # because compiled modules contain sets, and the same content must give the same zip.
    command = [sys.executable, "-m", "compileall", "-q", "-f", "-s", str(root)]
    command += ["--invalidation-mode", "unchecked-hash", str(root)]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PackagingError(f"A module in the package cannot be compiled:\n{done.stdout}")


def _zip(root: Path, package: Path) -> None:
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for path in sorted(_files(root)):
            entry = zipfile.ZipInfo(path.relative_to(root).as_posix(), _TIME)
            entry.external_attr = _READABLE
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, path.read_bytes())


def _files(root: Path) -> Iterator[Path]:
    return (path for path in root.rglob("*") if path.is_file())
