"""The client of MLflow: events wait in a durable queue on disk and are sent in the background."""
