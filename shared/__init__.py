"""Everything that ships besides function_app.py."""

from pathlib import Path

from shared.left_out import install

install(Path(__file__).parents[1])
