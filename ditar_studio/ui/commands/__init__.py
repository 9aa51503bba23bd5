"""What the actions of the menus do, as far as it takes a dialog or several view models."""
