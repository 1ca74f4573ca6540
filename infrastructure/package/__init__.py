"""Makes the deployment zip, and judges it."""
