"""What only one adapter of the blob store promises."""
