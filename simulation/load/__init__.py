"""Many callers at once against a server that speaks Twilio Media Streams."""
