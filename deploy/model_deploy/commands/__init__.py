"""One module a command; each works in a workspace, calls the pure parts and words the answer. The CLI parses for them."""
