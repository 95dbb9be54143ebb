"""`make signing-keys` and its like."""

from infra.local.operators import become

if __name__ == "__main__":
    become("infra.aws.signing_keys")
