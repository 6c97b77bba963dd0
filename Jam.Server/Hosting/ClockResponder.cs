using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Jam.Server.Contracts;
using Jam.Server.Doors;
using Microsoft.Extensions.Logging;

namespace Jam.Server.Hosting;

/// <summary>
/// Answers probes of the clock that come as datagrams, on the port that the rooms are on. Only of those whose connection stands, by a key of
/// their own, as often as a connection may speak; nobody else gets a word. Where the port cannot be had there is none, and the clock is asked for over
/// the connections alone.
/// </summary>
internal sealed class ClockResponder : IAsyncDisposable
{
    /// <summary>So many datagrams of nobody in a row, and it looks away for a moment; the system throws away what does not fit meanwhile.</summary>
    private const int MostForeign = 500;

    /// <summary>What the system complains of weighs more: so many come to the same.</summary>
    private const int FewFaults = 10;

    private static readonly TimeSpan _away = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentDictionary<long, Asker> _askers = new();
    private readonly Socket _socket;
    private readonly ArrivalClock _arrivals;
    private readonly Guid _clockId;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _answering;

    private ClockResponder(Socket socket, Guid clockId, TimeProvider time)
    {
        _socket = socket;
        _clockId = clockId;
        _time = time;
        _arrivals = new ArrivalClock(socket, time);
        _answering = Task.Run(() => AnswerAsync(_ending.Token));
    }

    /// <summary>The port.</summary>
    public int Port => ((IPEndPoint)_socket.LocalEndPoint!).Port;

    /// <summary>Opens it; null where the port is taken or the address has no datagrams.</summary>
    /// <param name="address">Null: every one.</param>
    /// <param name="port">The rooms' own.</param>
    /// <param name="clockId">Which clock the server's is.</param>
    /// <param name="time">That clock.</param>
    /// <param name="log">Told where it cannot be had.</param>
    public static ClockResponder? TryOpen(IPAddress? address, int port, Guid clockId, TimeProvider time, ILogger log)
    {
        var why = "";
        // As the rooms' own listener: IPv6 where the machine has it, which brings IPv4 along.
        foreach (var bound in address is not null ? [address] : Socket.OSSupportsIPv6 ? [IPAddress.IPv6Any, IPAddress.Any] : (IPAddress[])[IPAddress.Any])
        {
            Socket? socket = null;
            try
            {
                socket = new Socket(bound.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
                if (bound.Equals(IPAddress.IPv6Any))
                    socket.DualMode = true;
                socket.Bind(new IPEndPoint(bound, port));
                return new ClockResponder(socket, clockId, time);
            }
            catch (SocketException e)
            {
                socket?.Dispose();
                why = e.Message;
            }
        }

        HostingLog.NoClockPort(log, port, why);
        return null;
    }

    /// <summary>Lets a connection ask, until it is forgotten.</summary>
    public ClockPort Admit(ClientConnection connection, int messagesPerSecond, int messageBurst, AddressAccount? account)
    {
        var asker = _askers.GetOrAdd(
            connection.Id, _ => new Asker(RandomNumberGenerator.GetBytes(ClockDatagram.KeyLength), new TokenBucket(messagesPerSecond, messageBurst, _time.NowUs()), account));
        return new ClockPort(Port, connection.Id, Convert.ToBase64String(asker.Key));
    }

    /// <summary>A connection has ended.</summary>
    public void Forget(ClientConnection connection) => _askers.TryRemove(connection.Id, out _);

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _answering;
        _socket.Dispose();
        _ending.Dispose();
    }

    private async Task AnswerAsync(CancellationToken cancellationToken)
    {
        var buffer = new byte[ClockDatagram.Length + 1];
        var from = new SocketAddress(_socket.AddressFamily);
        var foreign = 0;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                if (foreign >= MostForeign)
                {
                    foreign = 0;
                    await Task.Delay(_away, _time, cancellationToken);
                }

                var length = await _socket.ReceiveFromAsync(buffer, SocketFlags.None, from, cancellationToken);
                foreign = Answer(buffer.AsSpan(0, length), from) ? 0 : foreign + 1;
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException)
            {
                // Too long a datagram, or nobody where an answer went: whoever can bring that about ends nothing by it.
                foreign += MostForeign / FewFaults;
            }
        }
    }

    private bool Answer(Span<byte> datagram, SocketAddress from)
    {
        if (!ClockDatagram.TryReadTicket(datagram, out var ticket) || !_askers.TryGetValue(ticket, out var asker))
            return false;
        var t2Us = _arrivals.LastUs();
        if (!ClockDatagram.TryReadRequest(datagram, asker.Key, out var mark) || !asker.Rate.TryTake(_time.NowUs()))
            return false;
        if (asker.Account?.TryTakeMessage(datagram.Length) == false)
            return false;
        ClockDatagram.WriteResponse(datagram, asker.Key, ticket, new ClockStamps(mark, t2Us, _time.NowUs(), _clockId));
        _socket.SendTo(datagram, SocketFlags.None, from);
        return true;
    }

    /// <summary>Who may ask, and how often. The loop alone takes from it.</summary>
    private sealed record Asker(byte[] Key, TokenBucket Rate, AddressAccount? Account);
}
