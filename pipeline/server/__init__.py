"""What answers calls from the internet: admission, draining, health and the doors."""
