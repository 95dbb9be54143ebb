"""Tests of two releases that run over the same table."""
