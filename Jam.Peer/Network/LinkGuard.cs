using System.Collections.Concurrent;
using Jam.Peer.Wire;

namespace Jam.Peer.Network;

/// <summary>
/// Whether links are encrypted, with which key, and whose key is whose: the rendezvous says so, and a link whose key it does not name
/// for the member at its other end is none. Safe for any thread.
/// </summary>
internal sealed class LinkGuard(TimeProvider time)
{
    /// <summary>How long the room may take to say who a newcomer is: it tells both at about the same moment.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private const int MaxMembers = 40_000;

    private readonly ConcurrentDictionary<string, TaskCompletionSource<string?>> _keys = new(StringComparer.Ordinal);
    private volatile bool _isRequired;
    private volatile LinkKey? _key;

    /// <summary>This peer's key; null: it speaks plainly only.</summary>
    public LinkKey? Key
    {
        get => _key;
        set => _key = value;
    }

    /// <summary>Whether the room's links are encrypted.</summary>
    public bool IsRequired
    {
        get => _isRequired;
        set => _isRequired = value;
    }

    /// <summary>The rendezvous names a member's key; null: it has none. Kept when the member leaves: it may be met where the rendezvous is away.</summary>
    public void Vouch(string peerId, string? fingerprint)
    {
        if (_keys.Count >= MaxMembers)
            _keys.Clear();
        var known = _keys.GetOrAdd(peerId, _ => new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously));
        if (known.TrySetResult(fingerprint))
            return;
        var fresh = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        fresh.SetResult(fingerprint);
        _keys[peerId] = fresh;
    }

    /// <summary>Begins to speak TLS where the room wants it. This side has dialled.</summary>
    /// <exception cref="ProtocolException">The other side does not.</exception>
    public async ValueTask DialAsync(FrameStream stream, CancellationToken cancellationToken)
    {
        if (!IsRequired)
            return;
        await stream.SecureAsync(false, Key ?? throw new ProtocolException("this room's links are encrypted, and this peer has no key"), cancellationToken);
    }

    /// <summary>Speaks TLS where the other side begins with it.</summary>
    /// <exception cref="ProtocolException">What it begins with comes to nothing.</exception>
    public async ValueTask AcceptAsync(FrameStream stream, CancellationToken cancellationToken)
    {
        if (Key is { } key && await stream.BeginsTlsAsync(cancellationToken))
            await stream.SecureAsync(true, key, cancellationToken);
    }

    /// <summary>What this peer's HELLO says.</summary>
    public byte[] FingerprintFor(FrameStream stream) => stream.RemoteKey is not null && Key is { } key ? Convert.FromHexString(key.Fingerprint) : new byte[32];

    /// <summary>Whether the key at the other end of a link is the one of the member that it says to be.</summary>
    /// <exception cref="ProtocolException">It is not, or there is none where the room wants one.</exception>
    public async ValueTask CheckAsync(FrameStream stream, HelloFrame theirs, CancellationToken cancellationToken)
    {
        if (stream.RemoteKey is not { } key)
        {
            if (IsRequired)
                throw new ProtocolException("this room's links are encrypted, and this one is not");
            return;
        }

        if (Convert.ToHexStringLower(theirs.Fingerprint) != key)
            throw new ProtocolException("its HELLO names another key than its link has");
        if (await VouchedAsync(theirs.PeerId, cancellationToken) != key)
            throw new ProtocolException($"its key is not the one that the room knows of {theirs.PeerId}");
    }

    private async Task<string?> VouchedAsync(string peerId, CancellationToken cancellationToken)
    {
        // A stranger's made-up ids are not kept: who is waited for is dropped again.
        var isNew = _keys.TryAdd(peerId, new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously));
        var awaited = _keys.GetOrAdd(peerId, _ => new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously));
        try
        {
            return await awaited.Task.WaitAsync(Patience, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return null;
        }
        finally
        {
            if (isNew && !awaited.Task.IsCompleted)
                _keys.TryRemove(KeyValuePair.Create(peerId, awaited));
        }
    }
}
