"""From a fresh process to the end of its first decision: processor time, interpreter included."""

import shutil
import ssl
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import boto3

from infra.aws.package.build import build, host_architecture
from infra.aws.package.python_runtime import host_python
from tests.benchmarks.cold_programs import (
    AFTER_RUNTIME,
    BARE,
    BARE_CONTEXT,
    BOTO3,
    CONTEXT,
    DECISION,
    INTERPRETER,
    LIST,
    LIST_BY_BOTO3,
    PROGRAMS,
    PROGRAMS_OVER_TLS,
    USUAL,
    environ_of,
)
from tests.benchmarks.options import Options
from tests.benchmarks.table import Row, Section, bounded, duration, related
from tests.packaging.dynamodb_stub import dynamodb_stub
from tests.packaging.fresh import ROOT
from tests.support.certificates import an_authority, server_context

_MOST_TO_BARE = 1.6
_MOST_OF_CONTEXT = 2e-3
_MOST_OF_LIST = 0.6
# Lambda never ends a process that has answered, so the end is not counted.
_REPORT = """
import os, time
os.write(2, f"\\n{globals().get('CPU') or time.process_time()}".encode())
"""


def measured(options: Options) -> list[Section]:
    """Package the project for this machine and time processes of each kind in turn."""
    with packaged() as root:
        # The usual authorizer uses boto3's resource, whose description our package lacks.
        resource = "data/dynamodb"
        shutil.copytree(Path(boto3.__file__).parent / resource, root / "boto3" / resource)
        plain = _medians(root, PROGRAMS, options.cold_starts)
        secure = _medians(root, PROGRAMS_OVER_TLS, options.cold_starts, is_secure=True)
    return [
        Section("Cold start of the authorizer, processor time", _rows(plain), _notes(options)),
        Section("The same over TLS", _rows_over_tls(plain, secure), _NOTES_OVER_TLS),
        Section("Cold start of the API, processor time", _rows_of_list(plain), _NOTES_OF_LIST),
    ]


@contextmanager
def packaged() -> Iterator[Path]:
    """Yield the folder that Lambda would see, compiled modules included. Raises PackagingError."""
    with tempfile.TemporaryDirectory(prefix="bodhi-bench-") as folder:
        target = Path(folder) / "build"
        built = build(ROOT, "dev", target, architecture=host_architecture(), python=host_python())
        root = Path(folder) / "task"
        with zipfile.ZipFile(built.code) as packed:
            packed.extractall(root)
        yield root


def processor_seconds(program: str, environ: Mapping[str, str], root: Path) -> float:
    """Run a program in a process that sees only this folder. Return its user and system time at its end.

    A program that sets ``CPU`` is measured by that. Raises ValueError when it fails.
    """
    # Without site-packages: what the package lacks must not come from here.
    command = [sys.executable, "-S", "-c", program + _REPORT]
    ended = subprocess.run(
        command,
        cwd=root,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    if ended.returncode:
        raise ValueError(f"a measured process ended with {ended.returncode}: {ended.stderr.decode()}")
    return float(ended.stderr.splitlines()[-1])


def _medians(
    root: Path, programs: Mapping[str, str], count: int, *, is_secure: bool = False
) -> Mapping[str, float]:
    context = _trusted(root) if is_secure else None
    with dynamodb_stub(used_now=True, context=context) as stub:
        taken = _in_turn(root, programs, environ_of(stub), count)
        calls = set(stub.calls)
    if not {"BatchGetItem", "Query"} <= calls <= {"BatchGetItem", "GetItem", "Query", "UpdateItem"}:
        raise ValueError(f"a first decision made other calls than two reads: {sorted(calls)}")
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def _trusted(root: Path) -> ssl.SSLContext:
    """Return the context of a server whose authority the package trusts from now on."""
    with tempfile.TemporaryDirectory(prefix="bodhi-bench-") as folder:
        authority = Path(folder) / "authority.pem"
        certificate = an_authority(authority).certificate(Path(folder) / "server.pem", "localhost")
        for trusted in (*root.glob("certifi/*.pem"), *root.rglob("amazon.pem")):
            trusted.write_bytes(trusted.read_bytes() + authority.read_bytes())
        return server_context(certificate)


def _in_turn(
    root: Path, programs: Mapping[str, str], environ: Mapping[str, str], count: int
) -> Mapping[str, Sequence[float]]:
    for program in programs.values():
        # The first of each reads its files from the disk.
        processor_seconds(program, environ, root)
    taken: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(count):
        for name, program in programs.items():
            taken[name].append(processor_seconds(program, environ, root))
    return taken


def _rows(medians: Mapping[str, float]) -> list[Row]:
    decision = medians[DECISION]
    after, floor_after = (medians[f"{name}{AFTER_RUNTIME}"] for name in (DECISION, BARE))
    most: Mapping[str, float | None] = {BARE: _MOST_TO_BARE, BOTO3: None, USUAL: None}
    return [
        Row(INTERPRETER, duration(medians[INTERPRETER])),
        *(Row(f"floor: {name}, with the two reads", duration(medians[name])) for name in (BARE, BOTO3)),
        Row(USUAL, duration(medians[USUAL])),
        *(
            related(f"{DECISION}, to {name}", duration(decision), duration(least), decision / least, bound)
            for name, bound in most.items()
            for least in [medians[name]]
        ),
        related(
            f"{DECISION}{AFTER_RUNTIME}, to {BARE}",
            duration(after),
            duration(floor_after),
            after / floor_after,
        ),
    ]


def _rows_of_list(medians: Mapping[str, float]) -> list[Row]:
    ours, by_boto3 = medians[LIST], medians[LIST_BY_BOTO3]
    return [
        Row(LIST_BY_BOTO3, duration(by_boto3)),
        related(LIST, duration(ours), duration(by_boto3), ours / by_boto3, _MOST_OF_LIST),
    ]


def _rows_over_tls(plain: Mapping[str, float], secure: Mapping[str, float]) -> list[Row]:
    decision = secure[DECISION]
    shares = [(name, secure[name] - plain[name]) for name in (BARE, DECISION)]
    return [
        *(Row(f"floor: {name}, with the two reads", duration(secure[name])) for name in (BARE, BOTO3)),
        *(
            related(
                f"{DECISION}, to {name}",
                duration(decision),
                duration(secure[name]),
                decision / secure[name],
            )
            for name in (BARE, BOTO3)
        ),
        *(Row(f"share of TLS: {name}", duration(share)) for name, share in shares),
        bounded(
            f"context with the {CONTEXT}", secure[CONTEXT], _MOST_OF_CONTEXT, duration(secure[BARE_CONTEXT])
        ),
    ]


def _notes(options: Options) -> tuple[str, ...]:
    return (
        f"User and system time from a process's start to the end of its first decision, the medians of "
        f"{options.cold_starts} of each kind in turn. The end of the process is not counted. DynamoDB is a "
        "stub that answers from memory on another process's time. The process runs the package's content, "
        "compiled modules included, built for this machine's processor.",
        "No floor imports a module of the project. A floor loads the key, verifies the token and reads "
        "both rows. It decides nothing.",
        "Functions on Lambda use our own client (decision 21).",
        "The last row leaves out what Lambda's runtime has loaded before a function, such as `logging`.",
        "Not measured: Lambda's own start, the download of the package.",
    )


_NOTES_OF_LIST = (
    "From a process's start to the end of a list, by a session of the page: three reads. The other row "
    "is the same program in a function that leaves its calls to boto3, as all of them did before.",
)
_NOTES_OVER_TLS = (
    "The stub's certificate is from an authority that is added to those of each client. The floors load "
    "all of certifi's.",
    "The last row compares with the context of all of certifi's authorities.",
)
