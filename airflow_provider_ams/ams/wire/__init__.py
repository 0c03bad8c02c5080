"""What goes over the wire: replies, dates, values, and what AMS makes of them."""
