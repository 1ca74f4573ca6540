"""What the exit code of a command says."""

OK = 0
COULD_NOT_RUN = 1
AT_FAULT = 3  # it ran, and some of the files, lines or vendors were at fault
