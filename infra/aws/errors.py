"""The errors of the tools for AWS: each a sentence for the person at the terminal."""


class PackagingError(Exception):
    """Something about the project stops the build; nothing was deployed."""


class DeploymentError(Exception):
    """Something about the account, the stack or the answer of a person stops the deployment."""


class OperatorError(Exception):
    """A command cannot go on. The message is one line for the operator."""
