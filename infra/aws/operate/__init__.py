"""The operator's commands for a deployed stage."""
