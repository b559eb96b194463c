"""What stands in for the world: callers, vendor servers, virtual time."""
