"""The RabbitMQ backend: an external queue."""
