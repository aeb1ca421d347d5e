"""The xaynet command."""
