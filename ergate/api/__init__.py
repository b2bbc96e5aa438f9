"""The HTTP face: jobs, queues, workers and workflows for programs and browsers."""
