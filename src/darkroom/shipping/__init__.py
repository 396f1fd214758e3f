"""From a model to its users: tracking, the registry, prediction."""
