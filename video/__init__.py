"""Video consultation; empty until the relay and the queue are built."""
