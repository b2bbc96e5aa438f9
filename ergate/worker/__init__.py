"""One worker process: claims, runs, settles."""
