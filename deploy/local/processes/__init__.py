"""Child processes: started, restarted, stopped in order, and never left behind."""
