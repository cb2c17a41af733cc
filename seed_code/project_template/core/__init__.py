"""What needs no AWS: settings, names, the plan of a publication, parameters of the template, stacks as plain data."""
