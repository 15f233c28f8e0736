"""What travels on Kafka, seen from the API."""
