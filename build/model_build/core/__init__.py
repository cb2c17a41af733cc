"""What needs no AWS: settings, executions as plain data, differences of definitions, metadata of packages."""
