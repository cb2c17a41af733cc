"""The parts of the publication's stack: the launch role, the permissions boundary, and access for users."""
