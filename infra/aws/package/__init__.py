"""The package of a stage: its template and its zip."""
