"""The acts on tokens and users, one module per subject."""
