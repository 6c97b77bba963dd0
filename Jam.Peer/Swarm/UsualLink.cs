namespace Jam.Peer.Swarm;

/// <summary>What a link of this peer delivers usually: the best guess for one that has not delivered yet.</summary>
internal sealed class UsualLink
{
    /// <summary>Smoothed over all links; 0 before the first chunk.</summary>
    public double UsPerByte { get; private set; }

    /// <summary>One more chunk came.</summary>
    public void Add(double usPerByte) => UsPerByte = UsPerByte == 0 ? usPerByte : UsPerByte + (usPerByte - UsPerByte) / 16;
}
