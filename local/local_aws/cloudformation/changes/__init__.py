"""The changes of an update, and change sets."""
