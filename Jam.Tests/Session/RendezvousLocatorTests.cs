using System.Net;
using System.Net.Sockets;
using Jam.Peer.Session;
using Jam.Tests.Fakes;
using Jam.Tests.Network;
using NUnit.Framework;

namespace Jam.Tests.Session;

/// <summary>The room is found through any peer that answers; where none does, people read what to look at.</summary>
[CancelAfter(60_000)]
internal sealed class RendezvousLocatorTests
{
    [Test]
    public async Task The_first_peer_that_answers_is_enough(CancellationToken ct)
    {
        await using var peer = new SwarmNode("ana", room: "garage");
        using var dead = new BoundPort();
        var location = await RendezvousLocator.AskAsync([dead.EndPoint, new DnsEndPoint("127.0.0.1", peer.Mesh.Port)], TimeProvider.System, _ => { }, ct);
        Assert.That((location.Room, location.Urls.Single().ToString()), Is.EqualTo(("garage", "ws://127.0.0.1:8000/ws/garage")));
    }

    [Test]
    public async Task A_peer_that_starts_a_moment_later_is_waited_for_and_that_is_said_once(CancellationToken ct)
    {
        var time = new ManualTimeProvider();
        await using var peer = new SwarmNode("ana");
        var location = peer.Mesh.Location;
        peer.Mesh.Location = null;
        var said = new List<string>();
        var asking = RendezvousLocator.AskAsync([new DnsEndPoint("127.0.0.1", peer.Mesh.Port)], time, said.Add, ct);
        await AdvanceUntilAsync(time, () => said.Count > 0, ct);
        peer.Mesh.Location = location;
        await AdvanceUntilAsync(time, () => asking.IsCompleted, ct);
        Assert.That((await asking).Room, Is.EqualTo("jam"));
        Assert.That(said, Has.Count.EqualTo(1).And.One.Contains("in no room yet"));
    }

    [Test]
    public async Task Where_nobody_answers_for_half_a_minute_people_read_what_to_look_at(CancellationToken ct)
    {
        var time = new ManualTimeProvider();
        using var dead = new BoundPort();
        var asking = RendezvousLocator.AskAsync([dead.EndPoint], time, _ => { }, ct);
        await AdvanceUntilAsync(time, () => asking.IsCompleted, ct);
        Assert.That(
            async () => await asking,
            Throws.TypeOf<JamException>().With.Message.Contains($"127.0.0.1:{dead.EndPoint.Port}").And.Message.Contains("connection refused")
                .And.Message.Contains("Check the address"));
        Assert.That(time.GetTimestamp(), Is.GreaterThanOrEqualTo(30_000_000));
    }

    // From one pause between attempts to the next. While an attempt is under way its own limit, five seconds, is what comes next:
    // then time stands still, however slow the machine is.
    private static Task AdvanceUntilAsync(ManualTimeProvider time, Func<bool> condition, CancellationToken cancellationToken) => Until.TrueAsync(
        () =>
        {
            if (condition())
                return true;
            if (time.NextTimerUs - time.GetTimestamp() is { } waitUs and < 4_000_000)
                time.Advance(TimeSpan.FromMicroseconds(waitUs));
            return false;
        },
        cancellationToken);

    /// <summary>A port that is taken and refuses: nobody listens.</summary>
    private sealed class BoundPort : IDisposable
    {
        private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

        public BoundPort() => _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));

        public DnsEndPoint EndPoint => new("127.0.0.1", ((IPEndPoint)_socket.LocalEndPoint!).Port);

        public void Dispose() => _socket.Dispose();
    }
}
