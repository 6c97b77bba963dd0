namespace Jam.Peer.Network;

/// <summary>A server is there but does not let this client in; the message says why.</summary>
internal sealed class RendezvousRefusedException(string message) : Exception(message);
