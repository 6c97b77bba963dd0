using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Jam.Peer.Wire;
using Jam.Server.Contracts;

namespace Jam.Peer.Network;

/// <summary>
/// Answers what members ask of a link beside the swarm: test data, each way, to be dialled back, and who is where. All of it is capped, and
/// goes out only when nothing of the swarm waits.
/// </summary>
internal sealed class LinkServices : IAsyncDisposable
{
    private const int MaxQueuedTests = 256;
    private const int MaxDialBacks = 4;
    private static readonly TimeSpan DialBackTimeout = TimeSpan.FromSeconds(3);

    private readonly TimeProvider _time;
    private readonly TestQuota _quota;
    private readonly Lock _gate = new();
    private readonly ConditionalWeakTable<PeerConnection, Used> _used = [];
    private readonly CancellationTokenSource _stop = new();
    // One is dialled at a time, over all connections. Full mode: whoever asks then is declined.
    private readonly Channel<(PeerConnection From, uint Number)> _dialBacks = Channel.CreateBounded<(PeerConnection, uint)>(8);
    // Full mode: whoever asks then is declined; each connection has far fewer waiting.
    private readonly Channel<(PeerConnection To, TestWantFrame Want)> _tests = Channel.CreateBounded<(PeerConnection, TestWantFrame)>(4 * MaxQueuedTests);
    private readonly Mesh _mesh;
    private readonly TestPace _pace;
    private readonly Task[] _loops;

    public LinkServices(Mesh mesh, long? upLimit, TimeProvider time)
    {
        _mesh = mesh;
        _pace = new TestPace(upLimit);
        Exchange = new PeerExchange(mesh, time);
        _time = time;
        _quota = new TestQuota(upLimit);
        _loops = [DialLoopAsync(_stop.Token), TestLoopAsync(_stop.Token)];
    }

    /// <summary>Who is where, from member to member.</summary>
    public PeerExchange Exchange { get; }

    /// <summary>Takes a frame of a member where it is one of those that are answered here. Does not wait.</summary>
    /// <returns>Whether it was.</returns>
    public bool Take(PeerConnection from, Frame frame)
    {
        switch (frame)
        {
            case PexFrame pex:
                Exchange.Take(from, pex);
                return true;
            case TestWantFrame want:
                Give(from, want);
                return true;
            case TestDataFrame data:
                from.Send(new TestAckFrame(data.Number, Accept(from, data) ? data.Bytes.Length : 0));
                return true;
            case RendezvousFrame word:
                _mesh.OnRendezvous?.Invoke(from, word);
                return true;
            case DialBackFrame ask:
                if (!MayDialBack(from) || !_dialBacks.Writer.TryWrite((from, ask.Number)))
                    from.Send(new DialBackResultFrame(ask.Number, DialBackOutcome.Declined, 0));
                return true;
            default:
                return false;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Exchange.DisposeAsync();
        await _stop.CancelAsync();
        await Task.WhenAll(_loops).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private void Give(PeerConnection to, TestWantFrame want)
    {
        bool gives;
        lock (_gate)
        {
            var used = _used.GetOrCreateValue(to);
            gives = used.Given + want.Size <= TestQuota.PerConnection && used.Queued < MaxQueuedTests && _quota.TryGive(want.Size, _time.NowUs())
                && _tests.Writer.TryWrite((to, want));
            if (gives)
            {
                used.Given += want.Size;
                used.Queued++;
            }
        }

        if (!gives)
            to.Send(new TestDataFrame(want.Number, []));
    }

    // Under an upload cap no faster than half of it, and what goes out is taken off what chunks may have.
    private async Task TestLoopAsync(CancellationToken cancellationToken)
    {
        await foreach (var (to, want) in _tests.Reader.ReadAllAsync(cancellationToken))
        {
            if (_pace.WaitUs(want.Size, _time.NowUs()) is > 0 and var waitUs)
                await Task.Delay(TimeSpan.FromMicroseconds(waitUs), _time, cancellationToken);
            await _mesh.SpendUploadAsync(want.Size, cancellationToken);
            // Made when it is sent, so that what waits costs no memory.
            to.SendLast(() =>
            {
                lock (_gate)
                    _used.GetOrCreateValue(to).Queued--;
                return new TestDataFrame(want.Number, TestPayload.Create(want.Number, want.Size));
            });
        }
    }

    private bool Accept(PeerConnection from, TestDataFrame data)
    {
        lock (_gate)
        {
            var used = _used.GetOrCreateValue(from);
            used.Taken += data.Bytes.Length;
            if (used.Taken > 2 * TestQuota.PerConnection)
                from.Close("it sends more test data than anyone takes");
            if (used.Taken > TestQuota.PerConnection)
                return false;
        }

        return data.Bytes.Length > 0 && TestPayload.IsGood(data.Number, data.Bytes);
    }

    private bool MayDialBack(PeerConnection from)
    {
        lock (_gate)
            return from.ListenEndPoint.Port != 0 && _used.GetOrCreateValue(from).DialBacks++ < MaxDialBacks;
    }

    private async Task DialLoopAsync(CancellationToken cancellationToken)
    {
        await foreach (var (from, number) in _dialBacks.Reader.ReadAllAsync(cancellationToken))
        {
            var startUs = _time.NowUs();
            var outcome = await DialBackAsync(from.ListenEndPoint, cancellationToken);
            from.Send(new DialBackResultFrame(number, outcome, (uint)Math.Clamp(_time.NowUs() - startUs, 0, uint.MaxValue)));
        }
    }

    // Only ever the address that the connection came from, so that nobody can have a third machine knocked at.
    private async Task<DialBackOutcome> DialBackAsync(IPEndPoint seen, CancellationToken cancellationToken)
    {
        var address = seen.Plain();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = _time.CreateTimer(_ => patience.Cancel(), null, DialBackTimeout, Timeout.InfiniteTimeSpan);
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(address, patience.Token);
        }
        catch (Exception problem) when (problem is SocketException or OperationCanceledException)
        {
            socket.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            return Explain(problem);
        }

        await using var stream = new FrameStream(socket);
        try
        {
            await stream.SendAsync(new WhereFrame(), patience.Token);
            return await stream.ReadAsync(false, patience.Token) is RoomInfoFrame or ByeFrame ? DialBackOutcome.Reached : DialBackOutcome.NotAPeer;
        }
        catch (Exception problem) when (problem is IOException or ProtocolException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return DialBackOutcome.NotAPeer;
        }
    }

    private static DialBackOutcome Explain(Exception problem) => problem switch
    {
        SocketException { SocketErrorCode: SocketError.ConnectionRefused } => DialBackOutcome.Refused,
        SocketException { SocketErrorCode: SocketError.HostUnreachable or SocketError.NetworkUnreachable } => DialBackOutcome.Unreachable,
        _ => DialBackOutcome.NoAnswer,
    };

    private sealed class Used
    {
        public long Given { get; set; }

        public long Taken { get; set; }

        public int Queued { get; set; }

        public int DialBacks { get; set; }
    }
}
