using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Jam.Peer.Network;
using Jam.Peer.Wire;
using Jam.Server.Contracts;

namespace Jam.Peer.Session.Check;

/// <summary>
/// Checks the way to a peer and back: connects, asks for the room, joins it as a viewer that takes part in nothing, and measures
/// over an authenticated link. What a stranger gets is WHERE; everything that costs the other side more is for members, within
/// its quota.
/// </summary>
public static class ConnectionCheck
{
    private const int Tries = 5;
    private const int Pings = 40;
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan PingEvery = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan PingPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan JoinTimeout = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan TransferTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan DialBackPatience = TimeSpan.FromSeconds(6);

    /// <summary>Runs the check; whatever the network does is in the report.</summary>
    /// <exception cref="JamException">This machine cannot do its part: the port is taken.</exception>
    public static async Task<CheckReport> RunAsync(CheckRequest request, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(time);
        var host = request.Peer.Host.Contains(':', StringComparison.Ordinal) ? $"[{request.Peer.Host}]" : request.Peer.Host;
        var report = new CheckReport { Peer = $"{host}:{request.Peer.Port}" };
        IPAddress[] addresses;
        try
        {
            addresses = await Dns.GetHostAddressesAsync(request.Peer.Host, cancellationToken);
        }
        catch (SocketException problem)
        {
            return report with { Outcome = CheckOutcome.NoSuchHost, Detail = problem.Message };
        }

        if (addresses.Length == 0)
            return report with { Outcome = CheckOutcome.NoSuchHost, Detail = "the name has no address" };
        report = report with { Proximity = Neighbourhood.Of(addresses[0], Neighbourhood.Own()) };
        (report, var address) = await ConnectAsync(report, [.. addresses.Select(a => new IPEndPoint(a, request.Peer.Port))], time, cancellationToken);
        if (address is null)
            return report;
        (report, var location) = await AskAsync(report, address, time, cancellationToken);
        return location is null ? report : await JoinAsync(report, location, address, request, time, cancellationToken);
    }

    // The first address that answers is tried a few times more: one success says little about a network that loses packets.
    private static async Task<(CheckReport Report, IPEndPoint? Address)> ConnectAsync(
        CheckReport report, IReadOnlyList<IPEndPoint> addresses, TimeProvider time, CancellationToken cancellationToken)
    {
        IPEndPoint? works = null;
        SocketError last = SocketError.TimedOut;
        var tookUs = new List<long>();
        var (tries, failed) = (0, 0);
        foreach (var address in addresses)
        {
            for (var n = 0; n < Tries && (works is null || works == address); n++)
            {
                var startUs = time.NowUs();
                var error = await TryConnectAsync(address, cancellationToken);
                if (error is null)
                {
                    tries++;
                    works = address;
                    tookUs.Add(time.NowUs() - startUs);
                    continue;
                }

                last = error.Value;
                tries++;
                failed++;
                // A clear answer stays the same; silence gets a second chance.
                if (works is null && (last != SocketError.TimedOut || n == 1))
                    break;
            }

            if (works is not null)
                break;
        }

        tookUs.Sort();
        report = report with { Connects = new ConnectFigures(tries, failed, tookUs.Count == 0 ? null : tookUs[tookUs.Count / 2]) };
        return works is not null ? (report, works) : (report with { Outcome = OutcomeOf(last), Detail = last.ToString() }, null);
    }

    private static CheckOutcome OutcomeOf(SocketError error) => error switch
    {
        SocketError.ConnectionRefused => CheckOutcome.Refused,
        SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported =>
            CheckOutcome.Unreachable,
        _ => CheckOutcome.NoAnswer,
    };

    private static async Task<SocketError?> TryConnectAsync(IPEndPoint address, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(ConnectTimeout);
        using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(address, patience.Token);
            return null;
        }
        catch (SocketException problem)
        {
            return problem.SocketErrorCode;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return SocketError.TimedOut;
        }
    }

    private static async Task<(CheckReport Report, RoomLocation? Location)> AskAsync(
        CheckReport report, IPEndPoint address, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            var location = await Dialer.WhereAsync(new DnsEndPoint(address.Address.ToString(), address.Port), time, cancellationToken);
            report = report with { Room = location.Room, Rendezvous = location.Urls.Count > 0 ? location.Urls[0].ToString() : null };
            return location.Urls.Count > 0
                ? (report, location)
                : (report with { Outcome = CheckOutcome.RendezvousBlocked, Detail = "it names none" }, null);
        }
        catch (ProtocolException problem)
        {
            return (report with { Outcome = CheckTexts.OutcomeOfAnswer(problem.Message), Detail = problem.Message }, null);
        }
        catch (IOException problem)
        {
            return (report with { Outcome = CheckOutcome.Broken, Detail = problem.Message }, null);
        }
    }

    private static async Task<CheckReport> JoinAsync(
        CheckReport report, RoomLocation location, IPEndPoint address, CheckRequest request, TimeProvider time, CancellationToken cancellationToken)
    {
        if (await TryRendezvousAsync(location.Urls, cancellationToken) is { } blocked)
            return report with { Outcome = CheckOutcome.RendezvousBlocked, Detail = CheckTexts.OfRendezvous(blocked) };
        await using var key = LinkKey.Create(time.GetUtcNow());
        var guard = new LinkGuard(time) { Key = key };
        // No address in this HELLO: the others need not dial someone who only looks.
        await using var client = new RendezvousClient(
            new RendezvousOptions
            {
                Candidates = location.Urls, AttemptTimeout = ConnectTimeout, Trust = DoorKeys.TrustOf(request.Door),
                BuildHello = () => new Hello(Role.Viewer, request.Name, Listen: [])
                {
                    Password = request.Door.Password, Invite = request.Door.Invite, LinkKey = key.Fingerprint,
                },
            },
            time);
        client.Start();
        if (await WelcomeAsync(client, location.Room, guard, cancellationToken) is not { } self)
        {
            return report with { Outcome = CheckOutcome.RendezvousBlocked, Detail = CheckTexts.OfRendezvous(null) };
        }

        using var listener = PeerListener.Bind(request.ListenPort);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var answering = AnswerAsync(listener, location.Room, stop.Token);
        try
        {
            return await MeasureAsync(report, self, guard, address, listener.Port, request, time, cancellationToken);
        }
        finally
        {
            await stop.CancelAsync();
            await answering.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task<PeerIdentity?> WelcomeAsync(RendezvousClient client, string room, LinkGuard guard, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(JoinTimeout);
        var state = new RoomState();
        try
        {
            // With the members come their keys.
            for (var isWhole = false; !isWhole || state is not { PeerId: not null, Secret: not null };)
            {
                if (await client.Events.ReadAsync(patience.Token) is not Received { Message: var message })
                    continue;
                state = state.Apply(message);
                isWhole |= message is Snapshot page && page.Page == page.Pages - 1;
            }

            guard.IsRequired = state.Policy.Links == LinkSecurity.Tls;
            foreach (var member in state.Others.Values)
                guard.Vouch(member.PeerId, member.LinkKey);

            return new PeerIdentity(state.PeerId, room, state.Secret);
        }
        catch (ChannelClosedException closed) when (closed.InnerException is JamException locked)
        {
            throw locked;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    // Null where one of them takes a connection; else what the last one said.
    private static async Task<SocketError?> TryRendezvousAsync(IReadOnlyList<Uri> urls, CancellationToken cancellationToken)
    {
        SocketError? last = SocketError.HostNotFound;
        foreach (var url in urls)
        {
            try
            {
                foreach (var address in await Dns.GetHostAddressesAsync(url.DnsSafeHost, cancellationToken))
                {
                    last = await TryConnectAsync(new IPEndPoint(address, url.Port), cancellationToken);
                    if (last is null)
                        return null;
                }
            }
            catch (SocketException problem)
            {
                last = problem.SocketErrorCode;
            }
        }

        return last;
    }

    private static async Task<CheckReport> MeasureAsync(
        CheckReport report, PeerIdentity self, LinkGuard guard, IPEndPoint address, int listenPort, CheckRequest request, TimeProvider time, CancellationToken cancellationToken)
    {
        CheckLink link;
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(Handshake.Timeout);
            var stream = await Dialer.ConnectAsync([address], time, patience.Token);
            link = await CheckLink.OpenAsync(stream, self, listenPort, time, patience.Token, guard);
        }
        catch (ProtocolException problem)
        {
            return report with { Outcome = CheckOutcome.SaysNo, Detail = problem.Message };
        }
        catch (Exception problem) when (problem is IOException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return report with { Outcome = CheckOutcome.Broken, Detail = problem is IOException ? problem.Message : "no answer to the handshake" };
        }

        await using (link)
        {
            var (chunks, size) = (request.Chunks, request.ChunkSizeBytes);
            var rtts = await link.PingAsync(Pings, PingEvery, PingPatience, cancellationToken);
            // Before the transfers, which lose packets on any link that they fill.
            report = report with { Rtt = CheckTexts.Figures(rtts, Pings), Retransmits = link.Retransmits() };
            var down = await link.DownAsync(chunks, size, TransferTimeout, cancellationToken);
            var up = await link.UpAsync(chunks, size, TransferTimeout, cancellationToken);
            report = report with { Down = CheckTexts.Figures(down, chunks, size), Up = CheckTexts.Figures(up, chunks, size) };
            var back = await link.DialBackAsync(DialBackPatience, cancellationToken);
            report = report with { Reverse = CheckTexts.ReverseOf(back) };
            return link.Lost is { } why
                ? report with { Outcome = CheckOutcome.Broken, Detail = why }
                : down.Bad + up.Bad > 0
                    ? report with { Outcome = CheckOutcome.Broken, Detail = "data arrive damaged" }
                    : report with { Outcome = CheckOutcome.Ok };
        }
    }

    // Whoever dials back asks which room this is.
    private static async Task AnswerAsync(PeerListener listener, string room, CancellationToken cancellationToken)
    {
        while (true)
        {
            await using var stream = new FrameStream(await listener.AcceptAsync(cancellationToken));
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(ConnectTimeout);
            try
            {
                if (await stream.ReadAsync(false, patience.Token) is WhereFrame)
                    await stream.SendAsync(new RoomInfoFrame(room, []), patience.Token);
            }
            catch (Exception problem) when (problem is IOException or ProtocolException or OperationCanceledException)
            {
                // Whoever it was wanted something else, or is gone.
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }
}
