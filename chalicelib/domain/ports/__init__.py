"""The outside world as the services need it. Adapters provide it; tests bring their own."""
