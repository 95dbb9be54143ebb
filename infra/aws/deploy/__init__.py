"""The deployment of a stage."""
