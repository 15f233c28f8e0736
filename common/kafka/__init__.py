"""What travels to and from Kafka: clients, topics and record headers."""
