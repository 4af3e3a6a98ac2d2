"""The commands of `counterpoint`, one module each; thin: they parse, call and print."""
