"""The only rooms that know DynamoDB, KMS, JWT and OpenID Connect."""
