"""The web page's channel: it speaks the conversations API of `server`, so it needs no protocol of its own."""
