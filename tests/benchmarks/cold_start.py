"""From a fresh process to its first decision: processor time of the whole process, interpreter included."""

import os
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from infra.aws.package.build import build, host_architecture
from infra.aws.package.python_runtime import host_python
from tests.benchmarks.cold_programs import (
    BARE,
    DECISION,
    LEAN,
    LEAN_CALLS,
    PROGRAMS,
    SDK,
    SDK_CALLS,
    environ_of,
)
from tests.benchmarks.options import Options
from tests.benchmarks.table import Row, Section, duration, related
from tests.packaging.dynamodb_stub import dynamodb_stub
from tests.packaging.fresh import ROOT

_MOST = 1.15


def measured(options: Options) -> list[Section]:
    """Package the project for this machine and time processes of each kind in turn."""
    with packaged() as root, dynamodb_stub(used_now=True) as stub:
        taken = _in_turn(root, environ_of(stub), options.cold_starts)
        calls = sorted(set(stub.calls))
    if calls != ["BatchGetItem", "Query"]:
        raise ValueError(f"a first decision made other calls than two reads: {calls}")
    medians = {name: statistics.median(seconds) for name, seconds in taken.items()}
    rows = [
        Row("an interpreter that does nothing", duration(medians[BARE])),
        *(Row(f"floor: {name}", duration(medians[name])) for name in (SDK, SDK_CALLS, LEAN, LEAN_CALLS)),
        *(_row(medians, floor) for floor in (SDK, SDK_CALLS, LEAN, LEAN_CALLS)),
    ]
    return [Section("Cold start of the authorizer, processor time", rows, _notes(options))]


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
    """Run a program in a process that sees only this folder; return user and system time.

    Raises ValueError when it fails.
    """
    # Without site-packages: what the package lacks must not come from here.
    command = [sys.executable, "-S", "-c", program]
    process = subprocess.Popen(
        command, cwd=root, env=dict(environ), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise ValueError(f"a measured process ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def _in_turn(root: Path, environ: Mapping[str, str], count: int) -> Mapping[str, Sequence[float]]:
    for program in PROGRAMS.values():
        # The first of each reads its files from the disk.
        processor_seconds(program, environ, root)
    taken: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(count):
        for name, program in PROGRAMS.items():
            taken[name].append(processor_seconds(program, environ, root))
    return taken


def _row(medians: Mapping[str, float], floor: str) -> Row:
    decision, least = medians[DECISION], medians[floor]
    return related(
        f"first decision, to {floor}", duration(decision), duration(least), decision / least, _MOST
    )


def _notes(options: Options) -> tuple[str, ...]:
    return (
        f"User and system time of the process, the medians of {options.cold_starts} of each kind in turn. "
        "DynamoDB is a stub that answers from memory on another process's time. The process runs the "
        "package's content, compiled modules included, built for this machine's processor.",
        "Our client is the one that decisions use on Lambda (decision 21). Everything else uses botocore.",
        "Not measured: Lambda's own start, the download of the package, TLS.",
    )
