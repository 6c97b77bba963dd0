using System.Net;
using System.Net.Sockets;
using Jam.Peer.Network;
using Jam.Peer.Wire;
using NUnit.Framework;

namespace Jam.Tests.Network;

/// <summary>Who belongs to the room is let in, everyone else is told why not in words for people.</summary>
[CancelAfter(30_000)]
internal sealed class HandshakeTests
{
    private static readonly byte[] Secret = [.. Enumerable.Repeat((byte)5, 32)];
    private static readonly PeerIdentity Ana = new("ana", "jam", Secret);
    private static readonly PeerIdentity Bo = new("bo", "jam", Secret);

    [Test]
    public async Task One_secret_lets_both_in_and_each_learns_who_the_other_is(CancellationToken ct)
    {
        await using var pair = await StreamPair.ConnectAsync(ct);
        var accepting = Handshake.AcceptAsync(pair.Listener, () => Bo, () => null, 2222, ct);
        var listener = await Handshake.DialAsync(pair.Dialer, Ana, 1111, ct);
        var dialer = (await accepting)!;
        Assert.Multiple(() =>
        {
            Assert.That((listener.PeerId, listener.ListenPort), Is.EqualTo(("bo", 2222)));
            Assert.That((dialer.PeerId, dialer.ListenPort), Is.EqualTo(("ana", 1111)));
            Assert.That(dialer.Nonce, Is.Not.EqualTo(listener.Nonce));
        });
    }

    private static IEnumerable<TestCaseData> Strangers()
    {
        yield return Case(Bo with { Secret = [.. Enumerable.Repeat((byte)6, 32)] }, "it does not know this room's secret", "another secret");
        yield return Case(Bo with { Room = "garage" }, "it is in room 'jam', this peer in 'garage'", "another room");
        yield return Case(Bo with { PeerId = "ana" }, "that is this peer itself", "itself");

        static TestCaseData Case(PeerIdentity listener, string why, string name) => new TestCaseData(listener, why).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Strangers))]
    public async Task A_stranger_is_refused_with_a_reason(PeerIdentity listener, string why, CancellationToken ct)
    {
        await using var pair = await StreamPair.ConnectAsync(ct);
        var dialing = Handshake.DialAsync(pair.Dialer, Ana, 1, ct);
        Assert.That(
            async () => await Handshake.AcceptAsync(pair.Listener, () => listener, () => null, 2, ct),
            Throws.TypeOf<ProtocolException>().With.Message.EqualTo(why));
        // As the listening side does with whatever ends the handshake.
        await pair.Listener.SendAsync(new ByeFrame(why), ct);
        Assert.That(async () => await dialing, Throws.TypeOf<ProtocolException>());
    }

    [Test]
    public async Task Another_version_is_refused_with_a_reason(CancellationToken ct)
    {
        await using var pair = await StreamPair.ConnectAsync(ct);
        await pair.Dialer.SendAsync(new HelloFrame(2, 0, "ana", "jam", 1, new byte[32], new byte[32]), ct);
        Assert.That(
            async () => await Handshake.AcceptAsync(pair.Listener, () => Bo, () => null, 2, ct),
            Throws.TypeOf<ProtocolException>().With.Message.Contains("version 2").And.Message.Contains("same release"));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_listener_that_does_not_know_the_secret_is_refused_also_where_it_sends_the_proof_back(bool echo, CancellationToken ct)
    {
        await using var pair = await StreamPair.ConnectAsync(ct);
        var dialing = Handshake.DialAsync(pair.Dialer, Ana, 1, ct);
        await pair.Listener.ReadAsync(false, ct);
        await pair.Listener.SendAsync(new HelloFrame(1, 0, "bo", "jam", 2, new byte[32], new byte[32]), ct);
        var proof = (AuthFrame)(await pair.Listener.ReadAsync(false, ct))!;
        await pair.Listener.SendAsync(echo ? proof : new AuthFrame(new byte[32]), ct);
        Assert.That(
            async () => await dialing, Throws.TypeOf<ProtocolException>().With.Message.EqualTo("it does not know this room's secret"));
    }

    [Test]
    public async Task The_listener_proves_nothing_to_who_has_not_proved_itself(CancellationToken ct)
    {
        await using var pair = await StreamPair.ConnectAsync(ct);
        var accepting = Handshake.AcceptAsync(pair.Listener, () => Bo, () => null, 2, ct);
        await pair.Dialer.SendAsync(new HelloFrame(1, 0, "ana", "jam", 1, new byte[32], new byte[32]), ct);
        await pair.Dialer.SendAsync(new AuthFrame(new byte[32]), ct);
        Assert.That(async () => await accepting, Throws.TypeOf<ProtocolException>());
        await pair.Listener.DisposeAsync();
        Assert.That(await pair.Dialer.ReadAsync(false, ct), Is.TypeOf<HelloFrame>());
        Assert.That(await pair.Dialer.ReadAsync(false, ct), Is.Null);
    }

    [Test]
    public async Task What_the_other_side_says_on_leaving_is_passed_on(CancellationToken ct)
    {
        await using var pair = await StreamPair.ConnectAsync(ct);
        await pair.Listener.SendAsync(new ByeFrame("we are full"), ct);
        Assert.That(
            async () => await Handshake.DialAsync(pair.Dialer, Ana, 1, ct),
            Throws.TypeOf<ProtocolException>().With.Message.EqualTo("it says: we are full"));
    }

    [Test]
    public async Task A_listener_that_is_in_no_room_says_so(CancellationToken ct)
    {
        await using var pair = await StreamPair.ConnectAsync(ct);
        await pair.Dialer.SendAsync(new WhereFrame(), ct);
        Assert.That(
            async () => await Handshake.AcceptAsync(pair.Listener, () => null, () => null, 2, ct),
            Throws.TypeOf<ProtocolException>().With.Message.Contains("in no room yet"));
    }

    [Test]
    [Platform("Linux")]
    public async Task What_is_written_over_a_slow_uplink_is_paced_by_the_system_until_it_is_quick_again(CancellationToken ct)
    {
        await using var pair = await StreamPair.ConnectAsync(ct);
        Span<byte> rate = stackalloc byte[4];
        pair.Dialer.Pace(20);
        pair.Dialer.Socket.GetRawSocketOption(1, 47, rate);
        Assert.That(BitConverter.ToInt32(rate), Is.EqualTo(50_000));
        pair.Dialer.Pace(0);
        pair.Dialer.Socket.GetRawSocketOption(1, 47, rate);
        Assert.That(BitConverter.ToInt32(rate), Is.EqualTo(-1));
    }
}

/// <summary>Two ends of one connection over loopback.</summary>
internal sealed class StreamPair(FrameStream dialer, FrameStream listener) : IAsyncDisposable
{
    public FrameStream Dialer { get; } = dialer;

    public FrameStream Listener { get; } = listener;

    public static async Task<StreamPair> ConnectAsync(CancellationToken cancellationToken)
    {
        using var listening = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listening.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listening.Listen(1);
        var dialer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await dialer.ConnectAsync(listening.LocalEndPoint!, cancellationToken);
        return new StreamPair(new FrameStream(dialer), new FrameStream(await listening.AcceptAsync(cancellationToken)));
    }

    public async ValueTask DisposeAsync()
    {
        await Dialer.DisposeAsync();
        await Listener.DisposeAsync();
    }
}
