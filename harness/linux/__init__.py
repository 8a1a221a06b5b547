"""What Linux says of itself: parsers of its files and reports, without any reading of their own."""
