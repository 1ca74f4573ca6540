"""Where things lie in a package."""

MOUNT = "/home/site/wwwroot/"  # where the platform mounts a package; tracebacks name it
SITE = ".python_packages/lib/site-packages/"  # the dependencies: the one place that every hosting plan has on sys.path
LEFT_OUT = "left_out.txt"  # the modules that the build left out, as shared/left_out.py reads them
