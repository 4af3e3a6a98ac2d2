"""The pages: every command and every example in them runs, every link leads somewhere."""
