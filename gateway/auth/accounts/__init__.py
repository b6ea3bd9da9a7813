"""What the endpoints do, over the store: who may sign in, and what happens to accounts."""
