"""What each page shows: records that are made from what AWS and GitHub answer, and the changes that a page can ask for."""
