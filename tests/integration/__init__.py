"""What talks to real servers: PostgreSQL, Kafka and S3."""
