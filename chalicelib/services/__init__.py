"""What can be done with tokens and users, one module per subject."""
