"""The reference application under attack; its gateways end with the package."""
