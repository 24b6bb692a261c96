"""One submission in, one result out; and many of them, in parallel."""
