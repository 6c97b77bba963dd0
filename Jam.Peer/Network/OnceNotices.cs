using System.Collections.Concurrent;

namespace Jam.Peer.Network;

/// <summary>Says a thing once: what a hostile peer does a thousand times is one line.</summary>
/// <param name="notice">Tells people.</param>
internal sealed class OnceNotices(Action<string> notice)
{
    // Made-up names end here; beyond it nothing is said any more.
    private const int MaxKeys = 1024;

    private readonly ConcurrentDictionary<string, bool> _said = new();

    /// <summary>Says a line unless one was said for the same key.</summary>
    public void Say(string key, string line)
    {
        if (_said.Count < MaxKeys && _said.TryAdd(key, true))
            notice(line);
    }
}
