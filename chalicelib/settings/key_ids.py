"""Names of keys in KMS: an id, an alias, or the ARN of either ("Key identifiers", KMS Developer Guide)."""


def name_one_key(one: str, other: str) -> bool:
    """Return True if two names certainly mean one key.

    If it is False, they may still mean one key: an alias does not show the id that it stands for.

    An id is unique, and copies of a multi-Region key share their id and their private half. An alias is
    unique in one account and Region.
    """
    tails = {name.rpartition(":")[2].removeprefix("key/") for name in (one, other)}
    if len(tails) > 1:
        return False
    are_arns = ":" in one and ":" in other
    return one == other or not (are_arns and tails.pop().startswith("alias/"))
