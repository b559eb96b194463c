"""Services by name: Pipecat's own registry of vendors, and what it does not know of them."""
