"""Events, futures, locks and tasks, and races that the history mended."""
