"""A model embedded further out: in the visitor's browser, by ONNX Runtime compiled to WebAssembly."""
