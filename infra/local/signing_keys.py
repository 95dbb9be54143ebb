"""`make signing-keys` and the other commands for signing keys."""

from infra.local.operators import become

if __name__ == "__main__":
    become("infra.aws.operate.signing_keys")
