"""The server's processes: a supervisor, its workers, how they talk, and their loops and logs."""
