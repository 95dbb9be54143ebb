"""Makes small Chalice projects on disk, so that the local stack can be tried without the real one."""

from __future__ import annotations

from pathlib import Path

TELL_ENVIRONMENT = """
import os
from chalice import Chalice

app = Chalice(app_name="scratch")


@app.route("/environment")
def environment():
    return dict(os.environ)
"""

REFUSE_SETTINGS = """
from chalicelib.settings import SettingsError

raise SettingsError(["IDLE_TIMEOUT_SECONDS must be a number, not 'soon', for example 2592000"])
"""


def make_project(folder: Path, app: str) -> Path:
    """Write a project whose app.py has the given text."""
    (folder / ".chalice").mkdir(parents=True)
    (folder / ".chalice" / "config.json").write_text(
        '{"version": "2.0", "app_name": "scratch", "stages": {"local": '
        '{"environment_variables": {"LOG_LEVEL": "DEBUG", "FROM_CONFIG": "yes"}}}}'
    )
    (folder / "app.py").write_text(app)
    return folder
