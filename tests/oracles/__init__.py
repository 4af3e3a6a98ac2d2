"""Systems whose exact state counts other model checkers publish; they prove the explorer."""
