"""What Rasa's custom actions do: one module a skill, each pure apart from the services it is given."""
