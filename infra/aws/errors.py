"""The errors of the commands for AWS."""

from infra.errors import CommandError


class PackagingError(CommandError):
    """The project cannot be packaged. Nothing was deployed."""


class DeploymentError(CommandError):
    """The account, the stack or the answer to a question stops the command."""


class OperatorError(CommandError):
    """An operator's command cannot continue."""
