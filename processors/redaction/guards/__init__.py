"""Guards for the ways out of a call: logs, traces, RTVI, errors; and the check of all of them."""
