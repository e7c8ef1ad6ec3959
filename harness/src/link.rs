//! The network path between two parties, through Toxiproxy.
