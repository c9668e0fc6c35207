"""The only place that speaks Rasa: its project, its process, its actions and a client for it."""
