"""Reading, repairing and aligning notebooks."""
