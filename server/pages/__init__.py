"""Pages as plain HTML: templates, and pure functions that fill them. No request is handled here."""
