"""The IAM actions of a request, with resources and condition keys."""
