"""What travels on Kafka, seen from the API: messages out, results in, and the proof that none was lost."""
