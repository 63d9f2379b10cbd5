"""One thin widget a modality over a `Session`."""
