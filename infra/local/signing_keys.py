"""The command ``signing-keys`` for the local stack."""

from __future__ import annotations

import argparse

from infra.aws.operate import signing_keys
from infra.local.operators import become

add_arguments = signing_keys.add_arguments


def run(_: argparse.Namespace) -> None:
    """Run the command with the settings of the local stack. Raises LocalStackError if it does not run."""
    become("signing-keys")
