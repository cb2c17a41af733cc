"""The views: they make a page's records from the answers of AWS and GitHub, and carry out the changes that a page requests."""
