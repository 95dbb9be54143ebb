"""The decision's own client of DynamoDB. See docs/decisions/0021-lean-client.md."""
