"""The packages that backends install."""
