"""A small Azure Functions host for one machine: runs a Python v2 function app with timers and storage queues."""
