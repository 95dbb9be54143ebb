"""Events on their way out: the bus, the catalogue, the targets and the command that sends again."""
