"""Little systems for the tests of the machine itself, written as a user would write them."""
