"""The error of the local stack."""

from infra.errors import CommandError


class LocalStackError(CommandError):
    """The local stack cannot continue."""
