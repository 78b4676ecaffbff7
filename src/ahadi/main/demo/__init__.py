"""The demo: three organisations served by one call centre, and a day that plays in fast motion."""
