using System.Net;
using System.Net.Sockets;
using Jam.Peer.Network;
using Jam.Peer.Session;
using Jam.Peer.Wire;
using Jam.Server.Contracts;
using Jam.Server.Hosting;
using Jam.Tests.Network;
using Jam.Tests.Server;
using NUnit.Framework;

namespace Jam.Tests.Doors;

/// <summary>What a peer shows to whom, and where it can be reached.</summary>
[CancelAfter(30_000)]
internal sealed class DoorKeyTests
{
    private static readonly SessionOptions _options = new()
    {
        Name = "ana", Role = Role.Host, Door = new DoorOptions { Password = "word", Invite = "invite", HostToken = "token-token-token", IsEncrypted = true },
    };

    [Test]
    public void No_password_goes_to_an_address_that_is_hearsay()
    {
        var keys = new RoomKeys(_options, null);
        Assert.That(keys.Open(new Hello(Role.Host), isKnownAddress: false, isAnew: true), Is.EqualTo(new Hello(Role.Host)));
        var known = keys.Open(new Hello(Role.Host), isKnownAddress: true, isAnew: true);
        Assert.That((known.Password, known.Invite, known.HostToken, known.IsEncrypted), Is.EqualTo(("word", "invite", "token-token-token", true)));
    }

    [Test]
    public void Who_was_made_a_viewer_does_not_ask_for_the_hosts_place_by_itself() =>
        Assert.That(new RoomKeys(_options, null).Open(new Hello(Role.Viewer), true, false).HostToken, Is.Null);

    [Test]
    public void A_host_locks_a_room_that_it_found_open_once_and_leaves_what_people_unlock()
    {
        var keys = new RoomKeys(_options with { Door = new DoorOptions { Password = "word" } }, null);
        var room = new RoomState { PeerId = "me", Role = Role.Host };
        Assert.That(keys.Lock(room with { Role = Role.Viewer }), Is.Null);
        Assert.That(keys.Lock(room), Is.EqualTo(new SetDoor("word", true)));
        Assert.That(keys.Lock(room), Is.Null);
    }

    [Test]
    public void The_gateway_of_a_locked_room_serves_members_alone()
    {
        var secret = new byte[32];
        var pass = DoorState.PassOf(Convert.ToBase64String(secret));
        Assert.That(Admits(new DoorState(false, false), null), Is.True);
        Assert.That(Admits(null, "anything"), Is.True);
        Assert.That(Admits(new DoorState(true, true), pass), Is.True);
        Assert.That(Admits(new DoorState(true, true), null), Is.False);
        Assert.That(Admits(new DoorState(true, true), pass[..^1] + "x"), Is.False);

        bool Admits(DoorState? door, string? shown) =>
            new GatewaySource(() => new RoomState { Door = door, Secret = secret }, () => null, () => [], null!, null!, null!).Admits(shown);
    }

    [Test]
    public async Task A_handshake_said_again_proves_nothing(CancellationToken ct)
    {
        await using var node = new SwarmNode("ana");
        var hello = new HelloFrame(FrameCaps.Version, 0, "bo", "jam", 0, [.. Enumerable.Repeat((byte)9, 32)], new byte[32]);
        AuthFrame auth;
        await using (var honest = await WirePeer.ConnectAsync(node.Mesh.Port, ct))
        {
            await honest.SendAsync(hello, ct);
            var theirs = (await honest.NextAsync<HelloFrame>(ct))!;
            auth = new AuthFrame(HandshakeProof.Compute(SwarmNode.Secret, true, hello, theirs));
            await honest.SendAsync(auth, ct);
            Assert.That(await honest.NextAsync<AuthFrame>(ct), Is.Not.Null);
        }

        await using var again = await WirePeer.ConnectAsync(node.Mesh.Port, ct);
        await again.SendAsync(hello, ct);
        await again.SendAsync(auth, ct);
        Assert.That(await again.EndAsync(ct), Is.EqualTo("it does not know this room's secret"));
    }

    [Test]
    public async Task What_is_bound_to_one_address_is_not_at_another(CancellationToken ct)
    {
        using var peer = PeerListener.Bind(0, WirePeer.Elsewhere);
        await using var server = await TestServer.StartAsync(ct, options: new JamServerOptions { Port = 0, Address = WirePeer.Elsewhere });
        foreach (var port in new[] { peer.Port, server.Port })
        {
            Assert.That(await IsThereAsync(WirePeer.Elsewhere, port, ct), Is.True);
            Assert.That(await IsThereAsync(IPAddress.Loopback, port, ct), Is.False);
        }
    }

    private static async Task<bool> IsThereAsync(IPAddress address, int port, CancellationToken ct)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(new IPEndPoint(address, port), ct);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
