"""The calls that read events: who changed what, when and from where."""
