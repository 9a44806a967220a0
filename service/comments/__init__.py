"""Comments: accepting, editing, withdrawing and reading them."""
