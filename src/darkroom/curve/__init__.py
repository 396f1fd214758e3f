"""What more images would buy."""
