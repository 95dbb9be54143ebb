"""The API server, which runs the Chalice application behind the local gateway.

``infra.local.stack`` starts it, and sets its environment.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from chalice.cli.factory import CLIFactory
from chalice.config import Config
from chalice.deploy.validate import validate_routes

from chalicelib import bootstrap
from chalicelib.settings import AuthMode, GatewaySettings, SettingsError
from infra.aws.package.challenges import with_challenges
from infra.local.components import serve_components
from infra.local.events import STAGE
from infra.local.gateway import Gateway
from infra.local.http_server import create_server
from infra.local.mails import FolderMailer
from infra.local.responses import GatewayResponses
from infra.local.schedule import run_scheduled
from infra.local.template import PROJECT_ROOT, read_template


def load_gateway(project: Path) -> Gateway:
    """Import the application as Chalice does, and put the local gateway before it."""
    # An empty environment, because what the developer set wins over .chalice/config.json.
    config: Config = CLIFactory(str(project), environ={}).create_config_obj(STAGE)
    for name, value in config.environment_variables.items():
        os.environ.setdefault(name, value)
    app = config.chalice_app
    serve_components(app)
    validate_routes(app.routes)
    template = with_challenges(read_template(), os.environ)
    return Gateway(app, config, GatewayResponses(template))


def main(arguments: list[str] | None = None) -> int:
    """Serve until a signal stops the server. Print a settings error and return 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--project-dir", type=Path, default=PROJECT_ROOT)
    parser.add_argument("--mails", type=Path, required=True)
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
    # For every client it logs the places of credentials and endpoints.
    logging.getLogger("botocore").setLevel(logging.WARNING)
    try:
        gateway = load_gateway(options.project_dir)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    if GatewaySettings.from_environ(os.environ).auth_mode is AuthMode.OIDC:
        _keep_mails(options.mails)
        run_scheduled(gateway.app)
    create_server(gateway, options.port).serve_forever()
    return 0


def _keep_mails(folder: Path) -> None:
    service = bootstrap.service()
    if sender := service.settings.notices_from:
        service.mailer = FolderMailer(folder, sender)


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())
