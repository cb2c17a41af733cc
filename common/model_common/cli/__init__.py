"""What all command lines share: how they start and end, and how they print lines, tables, progress and job summaries."""
