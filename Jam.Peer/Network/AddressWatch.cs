using System.Net;
using System.Net.NetworkInformation;
using System.Threading.Channels;

namespace Jam.Peer.Network;

/// <summary>
/// Notices that this machine has other addresses than before: another Wi-Fi, a VPN, a cable. The system says when to look; what
/// comes and goes within half a second is one change.
/// </summary>
internal sealed class AddressWatch : IAsyncDisposable
{
    /// <summary>How long addresses are left to settle.</summary>
    public static readonly TimeSpan Settle = TimeSpan.FromSeconds(0.5);

    private readonly Func<IReadOnlyCollection<IPAddress>> _now;
    private readonly Action<IReadOnlyCollection<IPAddress>> _changed;
    private readonly TimeProvider _time;
    private readonly Channel<bool> _looks = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    /// <param name="now">The addresses of this moment.</param>
    /// <param name="changed">Called on a loop of its own with the new ones, where they differ from the last.</param>
    /// <param name="time">For the wait.</param>
    public AddressWatch(Func<IReadOnlyCollection<IPAddress>> now, Action<IReadOnlyCollection<IPAddress>> changed, TimeProvider time)
    {
        (_now, _changed, _time) = (now, changed, time);
        NetworkChange.NetworkAddressChanged += OnSystemsWord;
        _loop = RunAsync(now().ToHashSet(), _stop.Token);
    }

    /// <summary>Addresses of interfaces that are up, those of this machine alone left out.</summary>
    public static IReadOnlyCollection<IPAddress> OfThisMachine() =>
    [
        .. NetworkInterface.GetAllNetworkInterfaces().Where(card => card.OperationalStatus == OperationalStatus.Up)
            .SelectMany(card => card.GetIPProperties().UnicastAddresses).Select(a => a.Address).Where(a => !IPAddress.IsLoopback(a)),
    ];

    /// <summary>Something may have changed.</summary>
    public void Look() => _looks.Writer.TryWrite(true);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        NetworkChange.NetworkAddressChanged -= OnSystemsWord;
        await _stop.CancelAsync();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private void OnSystemsWord(object? sender, EventArgs what) => Look();

    private async Task RunAsync(HashSet<IPAddress> known, CancellationToken cancellationToken)
    {
        while (true)
        {
            await _looks.Reader.ReadAsync(cancellationToken);
            await Task.Delay(Settle, _time, cancellationToken);
            _looks.Reader.TryRead(out _);
            if (Read() is not { } now || now.SetEquals(known))
                continue;
            known = now;
            _changed(now);
        }
    }

    private HashSet<IPAddress>? Read()
    {
        try
        {
            return [.. _now()];
        }
        catch (NetworkInformationException)
        {
            // An interface that went while it was looked at: the system's next word comes with that.
            return null;
        }
    }
}
