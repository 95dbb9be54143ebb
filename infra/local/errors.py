"""The error of the local stack."""

from infra.aws.errors import CommandError


class LocalStackError(CommandError):
    """The local stack cannot continue."""
