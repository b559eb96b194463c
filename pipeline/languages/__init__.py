"""An agent of several languages: which services hear and speak them, and what it says itself."""
