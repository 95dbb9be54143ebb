"""The commands for AWS: packaging, deploying, operating."""
