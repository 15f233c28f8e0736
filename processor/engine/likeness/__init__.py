"""Whether a variant shows what its original shows: small copies of both, decoded for this alone, are compared."""
