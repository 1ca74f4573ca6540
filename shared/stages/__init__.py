"""One module per registered function: gather, decide in the domain, apply through ports."""
