"""`passerelle cache`: one file for each command, and what they share."""
