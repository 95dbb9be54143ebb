"""The system's Firefox, driven over WebDriver BiDi (https://www.w3.org/TR/webdriver-bidi/)."""

from __future__ import annotations

import base64
import itertools
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

_NAMES = ("firefox-esr", "firefox")
_LISTENING = re.compile(r"WebDriver BiDi listening on (ws://127\.0\.0\.1:\d+)")
_START_SECONDS = 60
_PATIENCE_SECONDS = 30
_CALL_SECONDS = 60
_PREFERENCES = {
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "app.update.auto": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "intl.accept_languages": "en-GB",
}
_KEYS = {"Enter": "\ue006", "Escape": "\ue00c", "ArrowDown": "\ue015", "ArrowRight": "\ue014"}


def firefox_or_skip() -> str:
    """Return the path of Firefox. Without one the tests are left out, but not in CI."""
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        reason = "no Firefox here: install it (Debian: apt-get install firefox-esr)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


class BiDiError(Exception):
    """Firefox refused a command."""


class Tab:
    """One tab. Elements are found by role and name, as assistive technology finds them."""

    def __init__(self, connection: ClientConnection) -> None:
        """Open a session with the browser and take its first tab."""
        self._connection = connection
        self._ids = itertools.count(1)
        self.errors: list[str] = []
        self._call("session.new", {"capabilities": {}})
        self._call("session.subscribe", {"events": ["log.entryAdded"]})
        tree = self._call("browsingContext.getTree", {})
        self._context = tree["contexts"][0]["context"]

    def goto(self, url: str) -> None:
        """Load a page."""
        self._in_tab("browsingContext.navigate", url=url, wait="complete")

    def resize(self, width: int, height: int) -> None:
        """Give the page another size."""
        self._in_tab("browsingContext.setViewport", viewport={"width": width, "height": height})

    def evaluate(self, expression: str) -> Any:
        """Return the value of a script, which must be JSON."""
        result = self._call(
            "script.evaluate",
            {
                "expression": f"Promise.resolve({expression}).then((it) => JSON.stringify(it ?? null))",
                "target": {"context": self._context},
                "awaitPromise": True,
            },
        )
        if result["type"] != "success":
            raise BiDiError(result["exceptionDetails"]["text"])
        return json.loads(result["result"]["value"])

    def wait(self, expression: str) -> None:
        """Wait until a script is true."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while not self.evaluate(expression):
            assert time.monotonic() < end, f"never true: {expression}"
            time.sleep(0.05)

    def wait_for_text(self, text: str) -> None:
        """Wait until the page shows a text."""
        self.wait(f"document.body?.innerText.includes({json.dumps(text)})")

    def click(self, role: str, name: str) -> None:
        """Click the visible element of this role and name."""
        element = {"type": "element", "element": {"sharedId": self._find(role, name)}}
        self._act(
            {
                "type": "pointer",
                "id": "mouse",
                "actions": [
                    {"type": "pointerMove", "x": 0, "y": 0, "origin": element},
                    {"type": "pointerDown", "button": 0},
                    {"type": "pointerUp", "button": 0},
                ],
            }
        )

    def press(self, *keys: str) -> None:
        """Press keys: one character each, or a name such as "Enter".

        A key that Firefox gets by BiDi presses no button. Click it instead.
        """
        pressed = [_KEYS.get(key, key) for key in keys]
        actions = [{"type": kind, "value": value} for value in pressed for kind in ("keyDown", "keyUp")]
        self._act({"type": "key", "id": "keyboard", "actions": actions})

    def screenshot(self) -> bytes:
        """Return a picture of the page as PNG."""
        return base64.b64decode(self._in_tab("browsingContext.captureScreenshot")["data"])

    def _find(self, role: str, name: str) -> str:
        locator = {"type": "accessibility", "value": {"role": role, "name": name}}
        end = time.monotonic() + _PATIENCE_SECONDS
        while True:
            nodes = self._in_tab("browsingContext.locateNodes", locator=locator)["nodes"]
            if nodes:
                return str(nodes[-1]["sharedId"])
            assert time.monotonic() < end, f"no {role} named {name}"
            time.sleep(0.05)

    def _act(self, source: dict[str, Any]) -> None:
        self._in_tab("input.performActions", actions=[source])

    def _in_tab(self, method: str, **parameters: Any) -> Any:
        return self._call(method, {"context": self._context, **parameters})

    def _call(self, method: str, parameters: dict[str, Any]) -> Any:
        number = next(self._ids)
        self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._connection.recv(timeout=_CALL_SECONDS))
            if message.get("id") == number:
                if message["type"] == "error":
                    raise BiDiError(f"{method}: {message['message']}")
                return message["result"]
            entry = message.get("params", {})
            if message.get("method") == "log.entryAdded" and entry.get("level") == "error":
                self.errors.append(entry.get("text") or "")


@contextmanager
def firefox() -> Iterator[Tab]:
    """Run Firefox without a screen and with a profile of its own."""
    executable = firefox_or_skip()
    with tempfile.TemporaryDirectory(prefix="bodhi-firefox-") as folder:
        profile = Path(folder)
        lines = [
            f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in _PREFERENCES.items()
        ]
        (profile / "user.js").write_text("\n".join(lines))
        output = profile / "output.log"
        command = [
            executable, "--headless", "--no-remote", "--profile", folder, "--remote-debugging-port", "0",
        ]  # fmt: skip
        with output.open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "HOME": folder})
        try:
            with connect(f"{_address(output, process)}/session", max_size=None) as connection:
                yield Tab(connection)
        finally:
            process.terminate()
            process.wait(timeout=_PATIENCE_SECONDS)


def _address(output: Path, process: subprocess.Popen[bytes]) -> str:
    end = time.monotonic() + _START_SECONDS
    while not (found := _LISTENING.search(output.read_text(errors="replace"))):
        assert process.poll() is None, output.read_text(errors="replace")
        assert time.monotonic() < end, output.read_text(errors="replace")
        time.sleep(0.05)
    return found.group(1)
