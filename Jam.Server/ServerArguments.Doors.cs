using System.Globalization;
using CommandLine;
using Jam.Server.Doors;
using Jam.Server.Hosting;

namespace Jam.Server;

/// <content>What concerns who may come in, and how.</content>
internal sealed partial class ServerArguments
{
    private const int MostPerAddress = 1_000_000;

    [Option("tls-cert")]
    public string? TlsCert { get; set; }

    [Option("tls-key")]
    public string? TlsKey { get; set; }

    [Option("per-address")]
    public string? PerAddressText { get; set; }

    /// <summary>What the server bears of one address; the rest in proportion to the connections.</summary>
    public AddressLimits PerAddress
    {
        get
        {
            var usual = new AddressLimits();
            if (PerAddressText is null)
                return usual;
            var connections = int.Parse(PerAddressText, NumberStyles.None, CultureInfo.InvariantCulture);
            if (connections == 0)
                return AddressLimits.None;
            return new AddressLimits
            {
                Connections = connections, JoinsPerSecond = Scaled(usual.JoinsPerSecond), JoinBurst = Scaled(usual.JoinBurst),
                MessagesPerSecond = Scaled(usual.MessagesPerSecond), BytesPerSecond = Scaled(usual.BytesPerSecond), RequestsPerSecond = Scaled(usual.RequestsPerSecond),
            };

            // Never less than a handful of listeners need, never more than buckets can count.
            int Scaled(int amount) => (int)Math.Clamp((double)amount * connections / usual.Connections, Math.Min(amount, amount / 20.0), 100_000_000);
        }
    }

    private string? DoorProblem()
    {
        if (TlsKey is not null && TlsCert is null)
            return "--tls-key goes with --tls-cert.";
        if (TlsCert is not null && Listener != ListenerKind.Kestrel)
            return "--tls-cert goes with --listener kestrel.";
        return PerAddressText is not null && (!int.TryParse(PerAddressText, NumberStyles.None, CultureInfo.InvariantCulture, out var n) || n > MostPerAddress)
            ? $"--per-address must be 0 to {MostPerAddress}."
            : null;
    }
}
