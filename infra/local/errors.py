"""What can go wrong with the local stack, each told in one line."""


class LocalStackError(Exception):
    """A reason, in one line and addressed to the developer, for not going on."""
