"""What operators of a deployment run."""
