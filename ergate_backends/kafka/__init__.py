"""Kafka as an external queue and as a journal."""
