"""The composition: the web application, the processes and the command line."""
