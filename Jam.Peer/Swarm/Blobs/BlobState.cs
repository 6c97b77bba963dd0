using Jam.Peer.Wire;

namespace Jam.Peer.Swarm.Blobs;

/// <summary>What giving and fetching share: the links, what is held, and the effects of the event at hand.</summary>
internal sealed class BlobState
{
    private readonly Dictionary<BlobId, byte[]> _held = [];
    private readonly HashSet<BlobId> _own = [];
    private List<Effect> _effects = [];
    private long _heldBytes;

    public Dictionary<LinkId, BlobLink> Links { get; } = [];

    /// <summary>The bytes of a blob; null where it is not here.</summary>
    public byte[]? Find(BlobId id) => _held.GetValueOrDefault(id);

    /// <summary>Whether this peer made a blob.</summary>
    public bool IsOwn(BlobId id) => _own.Contains(id);

    /// <summary>Keeps a blob; false where no more can be kept.</summary>
    public bool Keep(BlobId id, byte[] bytes, bool isOwn)
    {
        if (isOwn)
            _own.Add(id);
        if (_held.ContainsKey(id))
            return true;
        if (bytes.Length is 0 or > BlobFrame.MaxTotal || _heldBytes + bytes.Length > BlobCore.MaxHeldBytes)
            return false;
        _held.Add(id, bytes);
        _heldBytes += bytes.Length;
        return true;
    }

    /// <summary>Lets go of what is neither wanted nor made here.</summary>
    public void KeepOnly(HashSet<BlobId> wanted)
    {
        foreach (var id in _held.Keys.Where(id => !wanted.Contains(id) && !_own.Contains(id)).ToArray())
        {
            _heldBytes -= _held[id].Length;
            _held.Remove(id);
        }
    }

    public void Emit(Effect effect) => _effects.Add(effect);

    public void Send(BlobLink link, Frame frame) => _effects.Add(new SendFrame(link.Id, frame));

    public List<Effect> TakeEffects()
    {
        var taken = _effects;
        _effects = [];
        return taken;
    }
}
