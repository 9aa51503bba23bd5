"""The parts of the window: each shows a view model and turns gestures into its operations."""
