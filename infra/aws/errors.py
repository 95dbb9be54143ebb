"""The one error of the tools for AWS: a sentence for the person at the terminal."""


class PackagingError(Exception):
    """Something about the project or the account stops the build; nothing was deployed."""
