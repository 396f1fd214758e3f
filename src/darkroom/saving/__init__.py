"""Write a trained model as a folder."""
