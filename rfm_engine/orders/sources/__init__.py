"""Where orders come from: files, streams and frames, each as record batches."""
