using System.Net.WebSockets;
using System.Threading.Channels;

namespace Jam.Server.Hosting;

/// <summary>
/// What a writer sends next: bytes, an answer to a probe that it stamps itself, or the end; or an end after bytes. Probes are
/// answered from the first STATE on, which is always the first answer.
/// </summary>
internal readonly record struct Outbound(
    byte[]? Utf8 = null, ProbeStamp? Probe = null, WebSocketCloseStatus? Close = null, bool IsState = false);

/// <summary>A probe's first two stamps; the third is taken right before the answer is sent. Microseconds.</summary>
internal readonly record struct ProbeStamp(long T1Us, long T2Us, bool IsBrief);

/// <summary>
/// What waits to be sent on one connection: many writers, one reader. Answers to probes overtake everything else, since
/// waiting would spoil them, and a last word overtakes those.
/// </summary>
internal sealed class Outbox(int capacity)
{
    private const int MaxProbes = 64;

    private readonly Channel<Outbound> _messages = Channel.CreateBounded<Outbound>(
        new BoundedChannelOptions(capacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private readonly Channel<ProbeStamp> _probes = Channel.CreateBounded<ProbeStamp>(
        new BoundedChannelOptions(MaxProbes) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    // Set whenever something was added since the reader last looked; once is enough.
    private readonly Channel<bool> _added = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });

    private Box? _lastWord;
    private bool _hasStateGone;

    /// <summary>Appends a message; false where the queue is full.</summary>
    public bool TryAdd(Outbound message)
    {
        if (!_messages.Writer.TryWrite(message))
            return false;
        _added.Writer.TryWrite(true);
        return true;
    }

    /// <summary>Appends an answer to a probe. One too many is dropped: its sender probes again.</summary>
    public void AddProbe(ProbeStamp probe)
    {
        if (_probes.Writer.TryWrite(probe))
            _added.Writer.TryWrite(true);
    }

    /// <summary>Says what comes next, whatever else waits; the first such word stands.</summary>
    public bool TrySetLastWord(Outbound word)
    {
        if (Interlocked.CompareExchange(ref _lastWord, new Box(word), null) is not null)
            return false;
        _added.Writer.TryWrite(true);
        return true;
    }

    /// <summary>Waits for the next thing to send.</summary>
    public async ValueTask<Outbound> TakeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (Volatile.Read(ref _lastWord) is { } last)
                return last.Word;
            if (_hasStateGone && _probes.Reader.TryRead(out var probe))
                return new Outbound(Probe: probe);
            if (_messages.Reader.TryRead(out var message))
            {
                _hasStateGone |= message.IsState;
                return message;
            }

            await _added.Reader.ReadAsync(cancellationToken);
        }
    }

    private sealed record Box(Outbound Word);
}
