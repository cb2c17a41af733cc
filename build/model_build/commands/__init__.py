"""One module a command; each opens its clients, calls the pure parts and prints. The CLI parses for them."""
