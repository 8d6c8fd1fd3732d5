"""What scoring gives back: customers, cut points, segments, and what is kept of them."""
