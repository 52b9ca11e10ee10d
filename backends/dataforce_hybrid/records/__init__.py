"""Records of both sides as one: merged reads, and writes that touch only the overlay."""
