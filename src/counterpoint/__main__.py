"""`python -m counterpoint`: the command line, by the interpreter that one has at hand."""

from counterpoint.harness.start import main

if __name__ == "__main__":
    main()
