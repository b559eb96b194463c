"""A page on which a person talks to an agent: `antiphon talk`, or `app.create_talk_app`."""
