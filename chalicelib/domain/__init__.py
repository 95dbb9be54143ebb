"""The rules for tokens and users, in plain Python. No I/O, no clock, no environment."""
