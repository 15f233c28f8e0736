"""What may be asked of a variant: the options of this release, and those that any release may have written."""
