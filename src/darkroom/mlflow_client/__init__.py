"""A durable queue of events between darkroom and MLflow."""
