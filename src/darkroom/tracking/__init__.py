"""Record runs in MLflow. Nothing that these modules return is written to an output."""
