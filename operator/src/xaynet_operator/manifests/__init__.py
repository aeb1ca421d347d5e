"""What a FederatedRound owns, as objects of Kubernetes: pure builders, one file per component."""
