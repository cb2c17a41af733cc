"""The roles of a project: who may assume them, and what they may do."""
