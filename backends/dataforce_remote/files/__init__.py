"""Files on their way to the bucket and back."""
