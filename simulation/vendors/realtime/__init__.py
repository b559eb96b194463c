"""What is inside an emulated OpenAI Realtime session, without a socket."""
