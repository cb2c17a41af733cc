"""The pure part: settings, names, the plan of a publication, parameters of the template, stacks as data."""
