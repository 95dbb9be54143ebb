"""Bodhi API Tokens: personal access tokens for any API behind AWS API Gateway."""
