"""The zip that Lambda gets: what Chalice packed, less what no function loads, plus compiled modules."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from infra.aws.errors import PackagingError

MAX_BYTES = 10_000_000

# The services that this project calls; botocore ships the descriptions of some four hundred.
_SERVICES = frozenset({"apigateway", "apigatewayv2", "dynamodb", "kms"})
# What no function of ours loads: cryptography needs cffi's compiled half only, botocore takes its
# certificates from certifi, only requests speaks to the provider for Authlib, nothing reads time zones
# by name, no type checker runs in Lambda.
_UNUSED = re.compile(
    r"(cffi|pycparser)/.*"
    r"|authlib/integrations/(?!requests_client|base_client)[a-z0-9_]+/.*"
    r"|botocore/cacert\.pem|dateutil/zoneinfo/.*\.tar\.gz"
    r"|botocore/data/.*/examples-1\.json(\.gz)?"
    r"|[a-z_]+/tests/.*|.*\.pyi|.*/py\.typed|(.*/)?__pycache__/.*"
    # Lists of files with hashes that no longer hold.
    r"|[^/]+\.dist-info/RECORD"
)
_OWN = re.compile(
    r"app\.py|chalicelib/([a-z0-9_]+/)*[a-z0-9_]+\.py|chalicelib/web/[a-z-]+\.(css|html|js|svg)"
)
# Lambda unpacks with the times in the zip; the same content must give the same zip.
_TIME = (1980, 1, 1, 0, 0, 0)
_READABLE = 0o644 << 16


def rewrite(package: Path) -> int:
    """Replace Chalice's zip by ours and return its size in bytes.

    Raises PackagingError when something of the project's own is in it that should not be, or when it is
    too large to start quickly.
    """
    with tempfile.TemporaryDirectory(prefix="bodhi-bundle-") as folder:
        root = Path(folder)
        with zipfile.ZipFile(package) as packed:
            packed.extractall(root)
        _refuse_stray(root)
        _prune(root)
        _compile(root)
        _zip(root, package)
    size = package.stat().st_size
    if size > MAX_BYTES:
        raise PackagingError(f"The package has {size:,} bytes, more than {MAX_BYTES:,}")
    return size


def _refuse_stray(root: Path) -> None:
    """Chalice packs whatever lies in chalicelib, a forgotten ``.env`` too."""
    own = [root / "app.py", *(root / "chalicelib").rglob("*")]
    for path in own:
        name = path.relative_to(root).as_posix()
        if path.is_file() and "__pycache__" not in path.parts and not _OWN.fullmatch(name):
            raise PackagingError(f"{name} is not a file that ships: remove it from the project")


def _prune(root: Path) -> None:
    for service in (root / "botocore" / "data").iterdir():
        if service.is_dir() and service.name not in _SERVICES:
            shutil.rmtree(service)
    for path in list(_files(root)):
        if _UNUSED.fullmatch(path.relative_to(root).as_posix()):
            path.unlink()


def _compile(root: Path) -> None:
    """Lambda's file system is read-only, so what is not compiled here is compiled at each cold start.

    By hash and unchecked: the times in a zip are not those of the files. In a process of its own with a
    fixed seed: the order of sets is part of what is compiled.
    """
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
