"""What a student reads after grading, and what an instructor looks at."""
