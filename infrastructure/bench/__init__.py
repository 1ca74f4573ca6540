"""What the app costs, measured on the package that is deployed."""
