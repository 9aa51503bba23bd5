"""What the studio can do, a folder a feature: view models, panel, dialogs, commands, actions."""
