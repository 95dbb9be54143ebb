"""Names of KMS keys: which two certainly mean one key."""

import pytest

from chalicelib.settings.key_ids import name_one_key

ID, MULTI = "1234abcd-12ab-34cd-56ef-1234567890ab", "mrk-1234abcd12ab34cd56ef1234567890ab"
HERE, THERE = "arn:aws:kms:eu-west-1:111122223333:", "arn:aws:kms:us-east-1:111122223333:"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (ID, ID, True),
        (ID, f"{HERE}key/{ID}", True),
        (f"key/{ID}", ID, True),
        (f"{HERE}key/{ID}", f"{HERE}key/{ID}", True),
        (f"{HERE}key/{MULTI}", f"{THERE}key/{MULTI}", True),
        ("alias/a", "alias/a", True),
        ("alias/a", f"{HERE}alias/a", True),
        (f"{HERE}alias/a", f"{HERE}alias/a", True),
        (f"{HERE}alias/a", f"{THERE}alias/a", False),
        ("alias/a", "alias/b", False),
        ("alias/a", "alias/A", False),
        (f"{HERE}alias/a", "alias/b", False),
        (ID, MULTI, False),
        (ID, "alias/a", False),
        (f"alias/{ID}", ID, False),
    ],
)
def test_spellings_of_one_key(one: str, other: str, expected: bool) -> None:
    """Ids, ARNs and aliases are compared without their account and Region if one has none."""
    assert name_one_key(one, other) is expected
    assert name_one_key(other, one) is expected
