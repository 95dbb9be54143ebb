"""The page Settings > API Tokens."""
