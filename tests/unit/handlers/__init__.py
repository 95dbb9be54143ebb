"""The handlers' own small rules, without the rest of the service."""
