"""The API's Kafka traffic: outgoing messages, incoming results, and the search for lost jobs."""
