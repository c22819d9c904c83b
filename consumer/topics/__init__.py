"""What the service needs of Kafka: topics, and who may do what with them."""
