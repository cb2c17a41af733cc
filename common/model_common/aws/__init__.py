"""The AWS edge: clients of one region, and what AWS's errors mean."""
