"""The floor under all fronts: HTTP requests, responses and errors."""
