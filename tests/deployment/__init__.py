"""Deploying to AWS and removing it again."""
