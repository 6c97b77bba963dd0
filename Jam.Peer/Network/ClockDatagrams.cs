using System.Net;
using System.Net.Sockets;
using Jam.Server.Contracts;
using Jam.Server.Hosting;

namespace Jam.Peer.Network;

/// <summary>Probes of the clock as datagrams to one server, and its answers, stamped when they came to this machine.</summary>
internal sealed class ClockDatagrams : IDisposable
{
    private const int MostFaults = 100;
    private const int MostOut = 64;
    private static readonly TimeSpan _afterFault = TimeSpan.FromMilliseconds(50);

    private readonly Socket _socket;
    private readonly ArrivalClock _arrivals;
    private readonly byte[] _key;
    private readonly long _ticket;
    private readonly TimeProvider _time;
    private readonly byte[] _request = new byte[ClockDatagram.Length];
    private readonly long[] _sentT1Us = new long[MostOut];
    private long _mark;

    private ClockDatagrams(Socket socket, ClockPort told, TimeProvider time)
    {
        _socket = socket;
        _key = Convert.FromBase64String(told.Key!);
        _ticket = told.Ticket;
        _time = time;
        _arrivals = new ArrivalClock(socket, time);
        Prepare();
    }

    /// <summary>Opens a socket to the server's port; null where there is no way there.</summary>
    /// <param name="server">What its connection was opened by.</param>
    /// <param name="told">What it said there.</param>
    /// <param name="time">The local clock.</param>
    /// <param name="cancellationToken">Ends the look-up of its name.</param>
    public static async Task<ClockDatagrams?> TryOpenAsync(Uri server, ClockPort told, TimeProvider time, CancellationToken cancellationToken)
    {
        if (told.Port is not { } port)
            return null;
        Socket? socket = null;
        try
        {
            // Of a name's several addresses the first: where the connection found another to answer, this one may not, and nothing is lost.
            var address = IPAddress.TryParse(server.DnsSafeHost, out var known)
                ? known
                : (await Dns.GetHostAddressesAsync(server.DnsSafeHost, cancellationToken))[0];
            socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
            await socket.ConnectAsync(new IPEndPoint(address, port), cancellationToken);
            return new ClockDatagrams(socket, told, time);
        }
        catch (Exception e) when (e is SocketException or ArgumentException or IndexOutOfRangeException)
        {
            socket?.Dispose();
            return null;
        }
    }

    /// <summary>Sends a probe that was stamped just now. Whether it arrives nobody can say. One thread at a time.</summary>
    public void Send(long t1Us)
    {
        // Known before it leaves: on one machine the answer may be here before this goes on.
        Volatile.Write(ref _sentT1Us[_mark % MostOut], t1Us);
        Volatile.Write(ref _mark, _mark + 1);
        try
        {
            _socket.Send(_request, SocketFlags.None, out _);
        }
        catch (ObjectDisposedException)
        {
            // The connection has just ended.
        }

        Prepare();
    }

    /// <summary>Hands over answers, each with its probe's stamp and the instant at which it came, until cancelled; ends early where nothing but faults comes.</summary>
    public async Task ReceiveAsync(Action<ClockStamps, long, long> take, CancellationToken cancellationToken)
    {
        var buffer = new byte[ClockDatagram.Length + 1];
        for (var faults = 0; faults < MostFaults;)
        {
            try
            {
                var length = await _socket.ReceiveAsync(buffer, SocketFlags.None, cancellationToken);
                if (ClockDatagram.TryReadResponse(buffer.AsSpan(0, length), _key, _ticket, out var stamps) && SentAt(stamps.Mark) is { } t1Us)
                    take(stamps, t1Us, _arrivals.LastUs());
                faults = 0;
            }
            catch (SocketException)
            {
                // Nobody listens there, says the machine; or too long a datagram.
                faults++;
                await Task.Delay(_afterFault, _time, cancellationToken);
            }
        }
    }

    public void Dispose() => _socket.Dispose();

    // The proof is made before the stamp is taken, not between that and the sending.
    private void Prepare() => ClockDatagram.WriteRequest(_request, _key, _ticket, _mark);

    private long? SentAt(long mark)
    {
        var next = Volatile.Read(ref _mark);
        return mark >= Math.Max(0, next - MostOut) && mark < next ? Volatile.Read(ref _sentT1Us[mark % MostOut]) : null;
    }
}
