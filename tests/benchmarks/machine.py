"""What the figures were measured on."""

import os
import platform
import re
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

_LIBRARIES = ("botocore", "boto3", "chalice", "cryptography", "PyJWT")


def description() -> str:
    """Return processor, versions, load and date, one sentence each."""
    load = ", ".join(f"{average:.1f}" for average in os.getloadavg())
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {_processor()}, {os.cpu_count()} cores, {_memory()}; "
        f"{platform.system()} {platform.machine()}; Python {platform.python_version()}; {libraries}. "
        f"Load averages of the machine at the end: {load}."
    )


def _processor() -> str:
    found = re.search(r"model name\s*:\s*(.+)", _read("/proc/cpuinfo"))
    return found.group(1).strip() if found else platform.processor() or "unknown processor"


def _memory() -> str:
    found = re.search(r"MemTotal:\s*(\d+) kB", _read("/proc/meminfo"))
    return f"{int(found.group(1)) / 2**20:.0f} GB of memory" if found else "unknown memory"


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
