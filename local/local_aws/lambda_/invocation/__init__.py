"""The processes of a function, and how events reach them."""
