"""The settings, one module per subject."""
