"""The backends that come with Ergate; each is found by its entry point, like any stranger's."""
