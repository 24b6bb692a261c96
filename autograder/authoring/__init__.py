"""Making the notebooks from their sources, and proving their checks."""
