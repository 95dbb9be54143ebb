"""The OpenID provider of the users."""
