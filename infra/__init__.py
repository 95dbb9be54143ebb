"""The infrastructure around the application: AWS and the local stack. Never deployed as code."""
