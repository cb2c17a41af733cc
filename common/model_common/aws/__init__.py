"""The AWS edge: clients of one region, objects, stacks, and the translation of AWS's errors."""
