"""Participants of a federated-learning service, with the names of the published xaynet_sdk."""
