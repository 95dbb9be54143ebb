"""`make users`, the operator's command for users of the local stack."""

from infra.local.operators import become

if __name__ == "__main__":
    become("infra.aws.operate.users")
