"""How a function runs: its processes, and how events reach them."""
