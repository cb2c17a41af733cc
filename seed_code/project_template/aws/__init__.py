"""The calls to AWS: clients, stacks, change sets, and waiting for them."""
