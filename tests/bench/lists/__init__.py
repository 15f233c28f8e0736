"""Whether lists stay fast on tables of millions of rows."""
