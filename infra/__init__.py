"""What surrounds the application: its AWS template and its local stack. Never deployed as code."""
