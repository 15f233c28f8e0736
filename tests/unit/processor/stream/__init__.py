"""From Kafka to a job in hand."""
