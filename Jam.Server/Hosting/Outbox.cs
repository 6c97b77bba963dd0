using System.Net.WebSockets;

namespace Jam.Server.Hosting;

/// <summary>What a writer sends next: bytes, or the end; or an end after bytes.</summary>
internal readonly record struct Outbound(byte[]? Utf8 = null, WebSocketCloseStatus? Close = null, bool IsState = false);

/// <summary>A probe's first two stamps; the third is taken right before the answer is sent. Microseconds.</summary>
internal readonly record struct ProbeStamp(long T1Us, long T2Us, bool IsBrief);

/// <summary>
/// What waits to be sent on one connection: many add, and whoever adds to one that nobody empties has to empty it. Answers to probes, which
/// go out from the first STATE on, overtake everything else, since waiting would spoil them, and a last word overtakes those. It keeps no
/// more room than what waits needs: most of the time that is nothing, on thousands of connections.
/// </summary>
internal sealed class Outbox(int capacity)
{
    private const int MaxProbes = 64;

    // Beyond this a queue that has run empty is let go rather than kept.
    private const int KeptCapacity = 8;

    private readonly Lock _gate = new();
    private Queue<Outbound>? _messages;
    private Queue<ProbeStamp>? _probes;
    private Outbound? _lastWord;
    private bool _hasStateGone;
    private bool _isBeingEmptied;

    /// <summary>Appends a message; false where the queue is full.</summary>
    /// <param name="message">What to send.</param>
    /// <param name="isYours">Whether the caller has to empty it, by <see cref="TryTake"/> until that gives nothing.</param>
    public bool TryAdd(Outbound message, out bool isYours)
    {
        lock (_gate)
        {
            isYours = false;
            _messages ??= new Queue<Outbound>(2);
            if (_messages.Count >= capacity)
                return false;
            _messages.Enqueue(message);
            isYours = Claim();
            return true;
        }
    }

    /// <summary>Appends an answer to a probe. One too many is dropped: its sender probes again.</summary>
    /// <returns>Whether the caller has to empty it.</returns>
    public bool AddProbe(ProbeStamp probe)
    {
        lock (_gate)
        {
            _probes ??= new Queue<ProbeStamp>(1);
            if (_probes.Count >= MaxProbes)
                return false;
            _probes.Enqueue(probe);
            return _hasStateGone && Claim();
        }
    }

    /// <summary>Says what comes next, whatever else waits; the first such word stands.</summary>
    public bool TrySetLastWord(Outbound word, out bool isYours)
    {
        lock (_gate)
        {
            isYours = false;
            if (_lastWord is not null)
                return false;
            _lastWord = word;
            isYours = Claim();
            return true;
        }
    }

    /// <summary>The next thing to send; false where there is none, and then somebody else may empty it.</summary>
    public bool TryTake(out Outbound message, out ProbeStamp? probe)
    {
        lock (_gate)
        {
            (message, probe) = (default, null);
            if (_lastWord is { } last)
            {
                message = last;
                return true;
            }

            if (_hasStateGone && _probes is { Count: > 0 })
            {
                probe = _probes.Dequeue();
                return true;
            }

            if (_messages is { Count: > 0 })
            {
                message = _messages.Dequeue();
                _hasStateGone |= message.IsState;
                return true;
            }

            if (_messages?.Capacity > KeptCapacity)
                _messages = null;
            if (_probes?.Capacity > KeptCapacity)
                _probes = null;
            _isBeingEmptied = false;
            return false;
        }
    }

    private bool Claim()
    {
        var isYours = !_isBeingEmptied;
        _isBeingEmptied = true;
        return isYours;
    }
}
