"""What an update would change, and change sets."""
