"""Brings a verified package into production by a slot swap, and back out of it when it is not proven there."""
