using Jam.Server.Contracts;

namespace Jam.Peer.Network;

/// <summary>A server is there but does not let this client in; the message says why.</summary>
internal sealed class RendezvousRefusedException(string message) : Exception(message)
{
    /// <summary>Whether the room is about to be there: it is asked for again at the same place, soon.</summary>
    public bool IsMoving { get; init; }
}

/// <summary>A server is there, and another of its fleet has the room.</summary>
internal sealed class RendezvousElsewhereException(Rendezvous where) : Exception("the room is at another server")
{
    /// <summary>Where it is.</summary>
    public Rendezvous Where { get; } = where;
}
