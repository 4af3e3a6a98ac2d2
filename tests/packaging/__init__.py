"""The repository as a product: builds, contracts, the Makefile, the tree."""
