"""`make users`."""

from infra.local.operators import become

if __name__ == "__main__":
    become("infra.aws.users")
