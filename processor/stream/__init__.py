"""Takes jobs from Kafka: delivery, concurrency and acknowledgement."""
