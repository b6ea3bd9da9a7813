"""What the commands of `passerelle` do, one file each."""
