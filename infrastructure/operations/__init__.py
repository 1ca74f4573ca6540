"""What people run beside the app; never deployed."""
