"""The Python of a stage's functions. The configuration pins it, and the same version must package."""

from __future__ import annotations

import sys
from typing import Any

from infra.aws.errors import PackagingError

KEY = "lambda_python_version"
# Lambda's identifiers of the versions that the code supports (AWS: Lambda runtimes).
SUPPORTED = ("python3.11", "python3.12", "python3.13", "python3.14")


def host_python() -> str:
    """Return Lambda's identifier of the Python that runs this code.

    Lambda runs plain CPython. Other implementations and builds get a name that is not a runtime, because
    their compiled modules do not load there.
    """
    implementation = "python" if sys.implementation.name == "cpython" else sys.implementation.name
    major, minor = sys.version_info[:2]
    return f"{implementation}{major}.{minor}{sys.abiflags}"


def check_python(config: dict[str, Any], stage: str) -> None:
    """Raise PackagingError if a stage runs on another Python than this code.

    Chalice names the runtime, chooses wheels and compiles for the Python that runs Chalice.
    """
    pinned, here = config["stages"][stage].get(KEY, config.get(KEY)), host_python()
    if pinned not in SUPPORTED:
        raise PackagingError(f"stage {stage}: {KEY} is {pinned!r}. Use one of: {', '.join(SUPPORTED)}")
    if pinned != here:
        raise PackagingError(
            f"The stage {stage} runs on {pinned}, but this is {here}. Run `make clean`, then repeat this "
            f"command with PYTHON={pinned}."
        )
