"""The Python API; its names are those of `ditar_studio` itself."""
