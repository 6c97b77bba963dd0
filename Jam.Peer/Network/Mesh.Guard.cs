namespace Jam.Peer.Network;

/// <content>Encryption.</content>
internal sealed partial class Mesh
{
    /// <summary>Whether links are encrypted, and whose key is whose.</summary>
    public LinkGuard Guard { get; }

    /// <summary>The room says whether links are encrypted. Those that are not end where they have to be, and are made anew.</summary>
    public void SetEncryption(bool isRequired)
    {
        if (Guard.IsRequired == isRequired)
            return;
        Guard.IsRequired = isRequired;
        if (!isRequired)
            return;
        foreach (var link in _links.All.Where(l => !l.IsEncrypted))
            link.Close("the room's links are encrypted from now on");
    }
}
