"""Results into nbgrader's database and folders."""
