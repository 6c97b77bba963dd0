using Jam.Peer.Wire;
using Jam.Server.Contracts;

namespace Jam.Peer.Network;

/// <summary>
/// Whether the other side is still there: PING every five seconds, dead after fifteen of silence, or after two where there is
/// reason to doubt.
/// </summary>
/// <param name="send">Queues a frame.</param>
/// <param name="close">Ends the connection, with the reason.</param>
/// <param name="time">For all of it.</param>
/// <param name="secondAfter">How long after the first PING the second goes out. Links that were made at one moment would else be asked at one
/// moment for ever: a slow uplink that fetches had a tenth of a second of that at once.</param>
internal sealed class LinkWatch(Action<Frame> send, Action<string> close, TimeProvider time, TimeSpan secondAfter) : IDisposable
{
    /// <summary>Silence after which a connection is dead, microseconds.</summary>
    public const long DeadAfterUs = 15_000_000;

    /// <summary>From one PING to the next.</summary>
    public static readonly TimeSpan PingEvery = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan ProbePatience = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private long _lastHeardUs = time.NowUs();
    private ITimer? _probe;
    private bool _isOver;

    /// <summary>A whole frame came.</summary>
    public void OnHeard() => Volatile.Write(ref _lastHeardUs, time.NowUs());

    /// <summary>The way may be gone: where nothing is heard within two seconds, the connection ends.</summary>
    public void Probe()
    {
        var askedUs = time.NowUs();
        lock (_gate)
        {
            // One at a time: the first doubt decides.
            if (_probe is not null || _isOver)
                return;
            _probe = time.CreateTimer(_ => Judge(askedUs), null, ProbePatience, Timeout.InfiniteTimeSpan);
        }

        send(new PingFrame((ulong)askedUs));
    }

    /// <summary>Keeps watch until cancelled.</summary>
    /// <exception cref="ProtocolException">The other side has been silent for too long.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        send(new PingFrame((ulong)time.NowUs()));
        using var timer = new PeriodicTimer(secondAfter, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            timer.Period = PingEvery;
            if (time.NowUs() - Volatile.Read(ref _lastHeardUs) > DeadAfterUs)
                throw new ProtocolException("it has been silent for 15 s");
            send(new PingFrame((ulong)time.NowUs()));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _isOver = true;
            _probe?.Dispose();
        }
    }

    private void Judge(long askedUs)
    {
        lock (_gate)
        {
            _probe?.Dispose();
            _probe = null;
        }

        if (Volatile.Read(ref _lastHeardUs) < askedUs)
            close("it does not answer any more");
    }
}
