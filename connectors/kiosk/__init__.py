"""Self-service kiosks; empty until their connector is built."""
