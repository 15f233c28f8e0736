"""What only this adapter of the job store promises."""
