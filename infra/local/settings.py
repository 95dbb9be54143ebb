"""The settings of the local stack, read once from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.local.errors import LocalStackError
from infra.local.template import PROJECT_ROOT

HOST = "127.0.0.1"
DEFAULT_PORTS = {"PORT": 8000, "OIDC_PORT": 9400, "AWS_PORT": 4566}
OWN_NAMES = frozenset({*DEFAULT_PORTS, "LOGS", "STATE_DIR"})
"""The variables that the stack reads beside the settings of the service."""


@dataclass(frozen=True)
class StackSettings:
    """Ports, state folder and the environment that the API server inherits."""

    port: int
    oidc_port: int
    aws_port: int
    state_dir: Path
    logs_in_terminal: bool
    environ: Mapping[str, str]

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> StackSettings:
        """Read and check the environment. Raises LocalStackError, which names the first wrong value."""
        found = dict(os.environ if environ is None else environ)
        ports = {name: _port(name, found) for name in DEFAULT_PORTS}
        if len(set(ports.values())) < len(ports):
            raise LocalStackError("PORT, OIDC_PORT and AWS_PORT must be three different ports.")
        folder = found.get("STATE_DIR") or ".state"
        return cls(
            port=ports["PORT"],
            oidc_port=ports["OIDC_PORT"],
            aws_port=ports["AWS_PORT"],
            state_dir=(PROJECT_ROOT / Path(folder).expanduser()).resolve(),
            logs_in_terminal=_flag("LOGS", found),
            environ=found,
        )

    @property
    def with_tokens(self) -> bool:
        """True if the service has API tokens."""
        return self.environ.get("AUTH_MODE") != "none"

    @property
    def with_provider(self) -> bool:
        """True if the development OpenID provider runs. With ``OIDC_ISSUER`` another one is used."""
        return self.with_tokens and "OIDC_ISSUER" not in self.environ

    @property
    def client_id(self) -> str:
        """The id of the client at the OpenID provider."""
        return self.environ.get("OIDC_CLIENT_ID", "bodhi-local")

    @property
    def url(self) -> str:
        """The address of the API server."""
        return f"http://{HOST}:{self.port}"

    @property
    def oidc_url(self) -> str:
        """The address of the development OpenID provider, and its issuer."""
        return f"http://{HOST}:{self.oidc_port}"

    @property
    def aws_url(self) -> str:
        """The address of the emulator."""
        return f"http://{HOST}:{self.aws_port}"

    @property
    def log(self) -> Path:
        """The file of the API server's log."""
        return self.state_dir / "logs" / "api.log"

    @property
    def mails(self) -> Path:
        """The folder of mails to owners."""
        return self.state_dir / "mails"

    @property
    def events(self) -> Path:
        """The file of events, if ``EVENT_BUS_NAME`` is set."""
        return self.state_dir / "events.jsonl"

    def ports_in_use(self) -> dict[str, int]:
        """Return the ports of this stack by the variables that set them."""
        ports = {"PORT": self.port}
        if self.with_provider:
            ports["OIDC_PORT"] = self.oidc_port
        if self.with_tokens:
            ports["AWS_PORT"] = self.aws_port
        return ports


def _flag(name: str, environ: Mapping[str, str]) -> bool:
    text = environ.get(name) or "0"
    if text not in {"0", "1"}:
        raise LocalStackError(f"{name} must be 1 or 0, not {text[:40]!r}, for example {name}=1")
    return text == "1"


def _port(name: str, environ: Mapping[str, str]) -> int:
    text = environ.get(name) or str(DEFAULT_PORTS[name])
    if not (text.isascii() and text.isdigit() and 0 < int(text[:6]) < 65536):
        raise LocalStackError(
            f"{name} must be a port from 1 to 65535, not {text[:40]!r}, for example "
            f"{name}={DEFAULT_PORTS[name]}"
        )
    return int(text)
