"""What the domains stand on, and what knows none of their words: settings, database, journal, jobs, live, web, security."""
