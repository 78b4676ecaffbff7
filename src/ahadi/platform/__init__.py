"""What the domains stand on; it knows none of their words."""
