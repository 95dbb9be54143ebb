"""The errors that end a command."""


class CommandError(Exception):
    """The reason why a command cannot continue, as a sentence for the person at the terminal."""


class PackagingError(CommandError):
    """The project cannot be packaged. Nothing was deployed."""


class DeploymentError(CommandError):
    """The account, the stack or the answer to a question stops the command."""


class OperatorError(CommandError):
    """An operator's command cannot continue."""
