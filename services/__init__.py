"""What the program does. No module below this package imports Flask."""
