"""The calls to AWS: each module is one thing that AWS keeps, and answers with what `core` knows of it."""
