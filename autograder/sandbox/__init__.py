"""The student's process, its isolation, and the wire to it."""
