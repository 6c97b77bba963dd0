using System.Net;
using System.Net.Sockets;
using Jam.Peer.Wire;
using Jam.Server.Contracts;
using Jam.Server.Doors;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Jam.Peer.Network;

/// <summary>What the entrance asks of the house.</summary>
internal interface IDoorkeeper
{
    /// <summary>Who this peer is; null while it is in no room.</summary>
    PeerIdentity? Identity { get; }

    /// <summary>What WHERE is answered with.</summary>
    RoomLocation? Location { get; }

    /// <summary>Whether links are encrypted, and whose key is whose.</summary>
    LinkGuard Guard { get; }

    /// <summary>Whether one more from an address may come in, as far as that can be said before it has spoken.</summary>
    bool MayEnter(IPAddress from);

    /// <summary>A stranger has proved that it belongs to the room; false where it is not wanted all the same.</summary>
    bool TryWelcome(FrameStream stream, HelloFrame hello);
}

/// <summary>
/// Takes connections and hears what they have to say until they have proved their membership. Whatever a stranger does here costs
/// one of a few places for five seconds at most.
/// </summary>
internal sealed class Entrance : IAsyncDisposable
{
    private readonly IDoorkeeper _keeper;
    private readonly TimeProvider _time;
    private readonly OnceNotices _once;
    private readonly PeerListener _listener;
    private readonly HalfOpenGate _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskBag _running = new();
    private readonly ILogger _log;
    private readonly AddressBook _lines;

    public Entrance(IDoorkeeper keeper, int listenPort, TimeProvider time, Action<string> notice, ILogger? log = null, IPAddress? bind = null)
    {
        (_keeper, _time, _once, _log) = (keeper, time, new OnceNotices(notice), log ?? NullLogger.Instance);
        _lines = new AddressBook(AddressLimits.None, time);
        _listener = PeerListener.Bind(listenPort, bind);
    }

    /// <summary>The swarm port.</summary>
    public int Port => _listener.Port;

    /// <summary>Faults where no more connections can be taken.</summary>
    public Task Completion { get; private set; } = Task.CompletedTask;

    /// <summary>Opens the door. Call once.</summary>
    public void Start() => Completion = AcceptLoopAsync(_stop.Token);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _running.AllAsync();
        _stop.Dispose();
    }

    private async Task AcceptLoopAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = await _listener.AcceptAsync(cancellationToken);
            }
            catch (SocketException problem)
            {
                // One connection that broke before it was taken, or no descriptors left for the moment.
                _once.Say($"accept {problem.SocketErrorCode}", $"a connection could not be taken: {problem.Message}");
                await Task.Delay(TimeSpan.FromMilliseconds(100), _time, cancellationToken);
                continue;
            }

            Enter(socket, cancellationToken);
        }
    }

    private void Enter(Socket socket, CancellationToken cancellationToken)
    {
        FrameStream stream;
        IPAddress from, to;
        try
        {
            from = ((IPEndPoint)socket.RemoteEndPoint!).Address.Plain();
            to = ((IPEndPoint)socket.LocalEndPoint!).Address;
            if (!_keeper.MayEnter(from))
            {
                LogTurnedAway(from, "it sent wrong data before, or there are too many connections");
                socket.Dispose();
                return;
            }

            stream = new FrameStream(socket);
        }
        catch (SocketException)
        {
            // It is gone already.
            socket.Dispose();
            return;
        }

        _running.Add(HearAsync(stream, from, to, cancellationToken));
    }

    private async Task HearAsync(FrameStream stream, IPAddress from, IPAddress to, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(Handshake.Timeout, _time);
        using var evicted = new CancellationTokenSource();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token, evicted.Token);
        var place = _gate.Enter(from, Evict, out var isCrowding);
        if (isCrowding)
            _once.Say($"crowding {new AddressKey(from)}", $"{from} opens more connections than it uses; its oldest are closed");
        try
        {
            var hello = await Handshake.AcceptAsync(stream, () => _keeper.Identity, () => _keeper.Location?.AsSeenFrom(to), (ushort)Port, patience.Token, _keeper.Guard);
            if (hello is null || !_keeper.TryWelcome(stream, hello))
                await stream.DisposeAsync();
        }
        catch (ProtocolException problem)
        {
            LogTurnedAway(from, problem.Message);
            await RefuseAsync(stream, problem.Message, patience.Token);
        }
        catch (Exception problem) when (problem is IOException or OperationCanceledException or SocketException or ObjectDisposedException)
        {
            var why = problem is OperationCanceledException ? "it did not say who it is in time" : problem.Message;
            if (!cancellationToken.IsCancellationRequested)
                LogTurnedAway(from, why);
            await stream.DisposeAsync();
        }
        finally
        {
            _gate.Leave(place);
        }

        void Evict()
        {
            try
            {
                evicted.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // It has just gone by itself.
                return;
            }
        }
    }

    // Whoever knocks ten thousand times is told of a few times.
    private void LogTurnedAway(IPAddress from, string why)
    {
        if (_lines.Of(from.ToString()).TryLog(out var unsaid))
            NetworkLog.TurnedAway(_log, from, unsaid == 0 ? why : FormattableString.Invariant($"{why}; {unsaid} more like it were not logged"));
    }

    private static async Task RefuseAsync(FrameStream stream, string why, CancellationToken cancellationToken)
    {
        await using (stream)
        {
            try
            {
                await stream.SendAsync(new ByeFrame(why), cancellationToken);
            }
            catch (Exception problem) when (problem is IOException or OperationCanceledException)
            {
                // It does not listen: nothing is lost.
                return;
            }
        }
    }
}
