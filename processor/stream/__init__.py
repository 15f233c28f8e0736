"""From Kafka to a job in hand: what is delivered, how many at once, and what is acknowledged."""
