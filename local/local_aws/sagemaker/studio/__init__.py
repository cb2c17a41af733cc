"""Studio: domains and projects."""
