"""With what a step runs: markers, the plan made at declaration, and its resolution."""
