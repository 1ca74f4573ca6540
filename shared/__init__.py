"""Everything that ships besides function_app.py."""
