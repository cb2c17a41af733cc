"""Which IAM actions a request takes, on which resources and with which condition keys."""
