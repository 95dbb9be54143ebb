"""Values from outside in the form that may be logged."""

_LONGEST = 100


def fact(value: object) -> str:
    """Return a value as printable ASCII of at most 100 characters. A list is joined by spaces.

    Anything but text is named by its type alone.
    """
    if isinstance(value, str):
        return _escaped(value)
    if isinstance(value, list):
        texts = [one if isinstance(one, str) else _type(one) for one in value[:_LONGEST]]
        return _escaped(" ".join(texts))
    return _type(value)


def _escaped(text: str) -> str:
    return text[:_LONGEST].encode("unicode_escape").decode("ascii")[:_LONGEST]


def _type(value: object) -> str:
    return "null" if value is None else f"({type(value).__name__})"
