"""The command ``verify``. Each check measures one promise of a deployed stack and gives a verdict."""
