"""What every stage needs: errors, files, the environment, and how a stage is run."""
