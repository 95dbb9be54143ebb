"""Checks of `make verify` against the app in this process, and against stubs of AWS, each made to fail."""
