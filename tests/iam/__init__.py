"""The permissions of each deployed function, compared with its calls."""
