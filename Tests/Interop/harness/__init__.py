"""Real py-ipv8 peers and real Bristlecone nodes on loopback, for the interop and crash tests and for the demo."""
