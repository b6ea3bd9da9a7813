"""Redis in every shape; its servers end with the package."""
