"""What holds between two releases that run over the same table."""
