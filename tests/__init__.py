"""Tests, from the domain outwards."""
