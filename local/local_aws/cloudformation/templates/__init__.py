"""Templates: parsed, checked, and evaluated."""
