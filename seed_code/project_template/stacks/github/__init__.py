"""The connection of a project to GitHub: the two functions, the custom resources, and the events of approvals."""
