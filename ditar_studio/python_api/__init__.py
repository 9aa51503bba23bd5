"""The Python API. Its names are those of `ditar_studio` itself, which imports them when asked."""
