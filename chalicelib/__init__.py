"""Bodhi API Tokens: personal access tokens for any API behind AWS API Gateway."""

__version__ = "0.2.0"
"""The one place that knows the version. A test compares the manifests of ``packages`` with it."""
