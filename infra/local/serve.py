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

import boto3
from chalice.cli.factory import CLIFactory
from chalice.config import Config
from chalice.deploy.validate import validate_routes

from chalicelib import bootstrap
from chalicelib.settings import AuthMode, GatewaySettings, SettingsError
from infra.aws.package.challenges import with_challenges
from infra.local import asset_lines
from infra.local.bus import FileBus
from infra.local.events import STAGE
from infra.local.gateway import Gateway
from infra.local.http_server import create_server
from infra.local.mails import FolderMailer
from infra.local.responses import GatewayResponses
from infra.local.schedule import run_scheduled
from infra.local.streaming import follow_stream
from infra.local.template import PROJECT_ROOT, read_template


def load_gateway(project: Path) -> Gateway:
    """Import the application as Chalice does, and put the local gateway before it."""
    # An empty environment, because what the developer set wins over .chalice/config.json.
    config: Config = CLIFactory(str(project), environ={}).create_config_obj(STAGE)
    for name, value in config.environment_variables.items():
        os.environ.setdefault(name, value)
    app = config.chalice_app
    validate_routes(app.routes)
    template = with_challenges(read_template(), os.environ)
    return Gateway(app, config, GatewayResponses(template))


def main(arguments: list[str] | None = None) -> int:
    """Serve until a signal stops the server. Print a settings error and return 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--project-dir", type=Path, default=PROJECT_ROOT)
    parser.add_argument("--mails", type=Path, required=True)
    parser.add_argument("--events", type=Path, required=True)
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
    # For every client it logs the places of credentials and endpoints.
    logging.getLogger("botocore").setLevel(logging.WARNING)
    if os.environ.get("LOG_LEVEL") != "DEBUG":
        asset_lines.leave_out()
    try:
        gateway = load_gateway(options.project_dir)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    if GatewaySettings.from_environ(os.environ).auth_mode is AuthMode.OIDC:
        _keep_here(options.mails, options.events)
        run_scheduled(gateway.app)
        follow_stream(gateway.app, boto3.client("dynamodbstreams"), os.environ["TABLE_NAME"])
    create_server(gateway, options.port).serve_forever()
    return 0


def _keep_here(mails: Path, events: Path) -> None:
    """Keep mails and events in the state folder. The emulator runs neither SES nor EventBridge."""
    service = bootstrap.service()
    service.event_bus = FileBus(events)
    if sender := service.settings.notices_from:
        service.mailer = FolderMailer(mails, sender)


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())
