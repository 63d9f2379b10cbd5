"""Side-by-side measurements of nblabel and its peers in a real JupyterLab; ``python -m benchmarks --help``."""
