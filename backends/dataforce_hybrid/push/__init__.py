"""Publishing: the differences, the plan and its preconditions, and each step exactly once."""
