"""The FederatedRound resource."""
