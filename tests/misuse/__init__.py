"""What an author gets wrong, and what is said of it: in every search, and before one."""
