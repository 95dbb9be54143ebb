"""The only rooms that know Chalice and events."""
