"""Tests: unit/domain."""
