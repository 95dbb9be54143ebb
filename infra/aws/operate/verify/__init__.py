"""`make verify`: hold a deployed stack to its promises. Each check measures one and gives a verdict."""
