"""The channel of WeChat official accounts: pure protocol, and thin shells around it."""
