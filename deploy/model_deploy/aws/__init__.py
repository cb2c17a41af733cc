"""The calls to AWS. Each module is one kind of resource and returns the data types of `core`."""
