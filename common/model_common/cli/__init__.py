"""The common part of all command lines: their start and end, and the printing of lines, tables, progress and summaries."""
