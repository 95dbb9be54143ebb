"""Applications as teams write them, with the middleware added."""
