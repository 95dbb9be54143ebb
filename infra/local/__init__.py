"""The whole service on one machine: emulator, OpenID provider, API server."""
