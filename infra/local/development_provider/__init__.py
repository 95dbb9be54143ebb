"""The development OpenID provider, with a sign-in page of its own."""
