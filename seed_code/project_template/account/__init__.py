"""The template's resources in an account: publications, projects, and what a deleted project leaves or keeps."""
