"""Use cases, and the types they take and give: all that front ends know."""
