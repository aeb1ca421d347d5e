"""The coordinator of a federated-learning service: phases, stores, REST and control API."""
