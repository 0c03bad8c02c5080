"""Write events so that every row is accounted for, exactly once."""
