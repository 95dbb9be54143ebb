"""The calls that summarise tokens: how many there are, and which ones need attention."""
