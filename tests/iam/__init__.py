"""What each deployed function may do, against what it does."""
