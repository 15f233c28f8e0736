"""The contract between the two services: settings, options, events, blob stores and Kafka clients."""
