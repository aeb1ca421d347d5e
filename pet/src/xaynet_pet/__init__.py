"""The PET protocol of Xaynet v0.11: crypto, masks, messages, round parameters."""
