"""The commands on what a pull request made, and where the commit of a workflow comes from."""
