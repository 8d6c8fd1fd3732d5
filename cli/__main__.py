"""`python -m rfm_cli` is the command `rfm`."""

from .start import run

if __name__ == "__main__":
    run()
