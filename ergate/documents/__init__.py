"""What people ask for as plain JSON values: the same on the command line and over HTTP."""
