"""A checked history as one HTML page: what every client asked, when, and what is wrong with it."""
