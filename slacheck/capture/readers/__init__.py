"""One module for each file format: bytes in, a `Recording` or a CaptureError out."""
