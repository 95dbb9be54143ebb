"""The management API and the sample API."""
