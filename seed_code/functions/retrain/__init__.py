"""From new training data in S3 to the build repository, once for all objects that arrive close together."""
