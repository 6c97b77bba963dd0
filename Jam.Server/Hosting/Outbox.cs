using System.Net.WebSockets;

namespace Jam.Server.Hosting;

/// <summary>What a writer sends next: bytes, or the end; or an end after bytes.</summary>
internal readonly record struct Outbound
{
    // As small as can be: thousands of connections keep a few.
    private readonly short _close;

    public Outbound(byte[]? utf8 = null, WebSocketCloseStatus? close = null, bool isState = false) =>
        (Utf8, _close, IsState) = (utf8, (short)(close ?? 0), isState);

    public byte[]? Utf8 { get; }

    public WebSocketCloseStatus? Close
    {
        get => _close == 0 ? null : (WebSocketCloseStatus)_close;
        init => _close = (short)(value ?? 0);
    }

    public bool IsState { get; init; }
}

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

    // Beyond this a queue that has run empty is let go rather than kept; what is told to a crowd fits in, or each telling would leave one behind.
    private const int KeptCapacity = 12;

    private readonly Lock _gate = new();
    private Queue<Outbound>? _messages;
    private Queue<ProbeStamp>? _probes;
    private Outbound? _lastWord;
    private bool _hasStateGone;
    private bool _isBeingEmptied;

    /// <summary>Appends a message; false where the queue is full.</summary>
    /// <param name="message">What to send.</param>
    /// <param name="isYours">Whether the caller has to empty it, by <see cref="TryTake"/> until that gives nothing.</param>
    public bool TryAdd(Outbound message, out bool isYours) => TryAddPatient(message, 1, out isYours);

    /// <summary>Appends a message that may wait for company; false where the queue is full.</summary>
    /// <param name="message">What to send.</param>
    /// <param name="most">Messages that may wait so.</param>
    /// <param name="isYours">Whether the caller has to empty it, since so many wait.</param>
    public bool TryAddPatient(Outbound message, int most, out bool isYours)
    {
        lock (_gate)
        {
            isYours = false;
            _messages ??= new Queue<Outbound>(2);
            if (_messages.Count >= capacity)
                return false;
            _messages.Enqueue(message);
            isYours = _messages.Count >= most && Claim();
            return true;
        }
    }

    /// <summary>
    /// Whether a message may go at once: nothing waits, and nobody sends. Then the caller sends it and empties what was added meanwhile. What
    /// never lies in a queue costs the garbage collector nothing, however many connections there are.
    /// </summary>
    /// <param name="isState">Whether it is a STATE to this connection alone.</param>
    public bool TryPass(bool isState)
    {
        lock (_gate)
        {
            if (_isBeingEmptied || _messages is { Count: > 0 } || _lastWord is not null)
                return false;
            _hasStateGone |= isState;
            return Claim();
        }
    }

    /// <summary>Whether something waits that nobody empties; then the caller has to.</summary>
    public bool TryClaim()
    {
        lock (_gate)
            return _messages is { Count: > 0 } && Claim();
    }

    /// <summary>What may go in one piece with the message that was taken; null where nothing waits behind it, or something else comes first.</summary>
    /// <param name="mostBytes">About as many bytes.</param>
    public byte[][]? TakeBehind(int mostBytes)
    {
        lock (_gate)
        {
            if (_messages is not { Count: > 0 } || _lastWord is not null || (_hasStateGone && _probes is { Count: > 0 }))
                return null;
            var (count, bytes) = (0, 0);
            foreach (var message in _messages)
            {
                if (message is not { Utf8: { } utf8, Close: null, IsState: false } || (bytes += utf8.Length) > mostBytes)
                    break;
                count++;
            }

            if (count == 0)
                return null;
            var behind = new byte[count][];
            for (var i = 0; i < count; i++)
                behind[i] = _messages.Dequeue().Utf8!;
            return behind;
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
