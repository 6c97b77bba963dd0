using System.Net;
using System.Net.Sockets;

namespace Jam.Tests.Fleet;

/// <summary>The way to a port of this machine, which can be cut and opened again.</summary>
internal sealed class Turnstile : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _to;
    private readonly Lock _gate = new();
    private readonly List<Socket> _sockets = [];
    private readonly List<Task> _pumps = [];
    private readonly Task _loop;
    private readonly Task _until;
    private readonly TaskCompletionSource _arrival = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isCut;

    /// <param name="to">The port.</param>
    /// <param name="until">Who comes waits for it; null: for nothing.</param>
    public Turnstile(int to, Task? until = null)
    {
        (_to, _until) = (to, until ?? Task.CompletedTask);
        _listener.Start();
        _loop = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>How many have come so far.</summary>
    public int Arrivals { get; private set; }

    /// <summary>What who comes is told instead of being let through; null: they are.</summary>
    public byte[]? Says { get; set; }

    /// <summary>How many were told so.</summary>
    public int Told { get; private set; }

    /// <summary>Ends when the first comes.</summary>
    public Task Arrival => _arrival.Task;

    /// <summary>Breaks what passes, and lets nobody in.</summary>
    public void Cut()
    {
        lock (_gate)
        {
            _isCut = true;
            _sockets.ForEach(s => s.Close(0));
            _sockets.Clear();
        }
    }

    public void Open()
    {
        lock (_gate)
            _isCut = false;
    }

    public async ValueTask DisposeAsync()
    {
        Cut();
        _listener.Stop();
        _end.TrySetResult();
        await _loop;
        await Task.WhenAll(_pumps);
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                var here = await _listener.AcceptSocketAsync();
                Arrivals++;
                _arrival.TrySetResult();
                await Task.WhenAny(_until, _end.Task);
                var there = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                if (!await LeadAsync(here, there))
                {
                    here.Close(0);
                    there.Close(0);
                    continue;
                }

                lock (_gate)
                {
                    _sockets.AddRange([here, there]);
                    if (_isCut)
                    {
                        here.Close(0);
                        there.Close(0);
                        continue;
                    }

                    _pumps.Add(PumpAsync(here, there));
                    _pumps.Add(PumpAsync(there, here));
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                // The last is how a listener says that it was stopped.
                return;
            }
        }
    }

    /// <summary>False where there is nothing to be let through to: who is next may have more luck.</summary>
    private async Task<bool> LeadAsync(Socket here, Socket there)
    {
        try
        {
            if (Says is { } words)
            {
                await here.SendAsync(words);
                // Until it hangs up: a reset would take the words with it.
                while (await here.ReceiveAsync(new byte[1024]) > 0)
                    continue;
                Told++;
                return false;
            }

            here.NoDelay = true;
            await there.ConnectAsync(IPAddress.Loopback, _to);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static async Task PumpAsync(Socket from, Socket to)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer) is > 0 and var count)
            {
                for (var sent = 0; sent < count;)
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent));
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            to.Close(0);
        }
    }
}
