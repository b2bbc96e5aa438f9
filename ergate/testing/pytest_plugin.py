"""The fixtures that pytest gets when Ergate is installed."""
