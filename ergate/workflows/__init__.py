"""What runs: workflows, their steps and the paths between them."""
