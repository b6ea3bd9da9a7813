"""`passerelle policies …`: what each command does."""
