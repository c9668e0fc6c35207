"""WeChat official accounts: the protocol in pure modules, and what speaks to WeChat in thin ones."""
