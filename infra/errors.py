"""The base of the errors that end a command."""


class CommandError(Exception):
    """The reason why a command cannot continue, as a sentence for the person at the terminal."""
