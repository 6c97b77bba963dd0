using Jam.Peer.Network;
using Jam.Peer.Wire;
using Jam.Server.Contracts;
using Jam.Tests.Network;
using Jam.Tests.Storage;
using NUnit.Framework;

namespace Jam.Tests.Doors;

/// <summary>Links of a room that is encrypted: both ends by the keys that the rendezvous names, or not at all.</summary>
[CancelAfter(60_000)]
internal sealed class EncryptedLinkTests
{
    private static readonly DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly TestTrack _track = new(300 * 1024);

    [Test]
    public async Task A_track_goes_over_an_encrypted_link(CancellationToken ct)
    {
        await using var keys = new Keys();
        await using var ana = Node("ana", keys.Ana);
        await using var bo = Node("bo", keys.Bo);
        Introduce((ana, keys.Ana), (bo, keys.Bo));
        await ana.SeedAsync(_track, ct);
        await bo.WantAsync(_track, ct);
        var link = await bo.DialAsync(ana, ct);
        await bo.CompletedAsync(_track, ct);
        Assert.That(link.IsEncrypted, Is.True);
        Assert.That(ana.Mesh.Links.Single().IsEncrypted, Is.True);
    }

    [Test]
    public async Task A_peer_with_a_wrong_key_is_refused_on_either_side(CancellationToken ct)
    {
        await using var keys = new Keys();
        await using var ana = Node("ana", keys.Ana);
        await using var mallory = Node("bo", keys.Mallory);
        // The room knows bo by another key; mallory knows the room's secret, as any member does, and says to be bo.
        ana.Mesh.Guard.Vouch("bo", keys.Bo.Fingerprint);
        mallory.Mesh.Guard.Vouch("ana", keys.Ana.Fingerprint);
        Assert.That(async () => await mallory.DialAsync(ana, ct), Throws.TypeOf<ProtocolException>().With.Message.Contains("its key is not the one that the room knows of bo"));
        Assert.That(async () => await ana.DialAsync(mallory, ct), Throws.TypeOf<ProtocolException>().With.Message.Contains("its key is not the one that the room knows of bo"));
        Assert.That((ana.Links, mallory.Links), Is.EqualTo((0, 0)));
    }

    [Test]
    public async Task Who_speaks_plainly_is_refused_where_the_room_is_encrypted_and_may_still_ask_where_it_is(CancellationToken ct)
    {
        await using var keys = new Keys();
        await using var ana = Node("ana", keys.Ana);
        ana.Mesh.Guard.Vouch("bo", null);
        await using var asker = await WirePeer.ConnectAsync(ana.Mesh.Port, ct);
        await asker.SendAsync(new WhereFrame(), ct);
        Assert.That((await asker.NextAsync<RoomInfoFrame>(ct))!.Room, Is.EqualTo("jam"));
        Assert.That(async () => await WirePeer.JoinAsync(ana, "bo", ct), Throws.TypeOf<ProtocolException>().With.Message.Contains("links are encrypted"));
    }

    [Test]
    public async Task A_plain_room_speaks_plainly_though_everyone_has_a_key(CancellationToken ct)
    {
        await using var keys = new Keys();
        await using var ana = Node("ana", keys.Ana, isRequired: false);
        await using var bo = Node("bo", keys.Bo, isRequired: false);
        Assert.That((await bo.DialAsync(ana, ct)).IsEncrypted, Is.False);
    }

    [Test]
    public async Task A_newcomer_that_the_room_names_a_moment_later_is_waited_for(CancellationToken ct)
    {
        await using var keys = new Keys();
        await using var ana = Node("ana", keys.Ana);
        await using var bo = Node("bo", keys.Bo);
        bo.Mesh.Guard.Vouch("ana", keys.Ana.Fingerprint);
        var dialing = bo.DialAsync(ana, ct);
        ana.Mesh.Guard.Vouch("bo", keys.Bo.Fingerprint);
        Assert.That((await dialing).IsEncrypted, Is.True);
    }

    [Test]
    public async Task Plain_links_end_when_the_room_becomes_encrypted_and_are_made_anew(CancellationToken ct)
    {
        await using var keys = new Keys();
        await using var ana = Node("ana", keys.Ana, isRequired: false);
        await using var bo = Node("bo", keys.Bo, isRequired: false);
        Introduce((ana, keys.Ana), (bo, keys.Bo));
        await bo.DialAsync(ana, ct);
        ana.Mesh.SetEncryption(true);
        bo.Mesh.SetEncryption(true);
        await Until.TrueAsync(() => ana.Mesh.Links.Any(l => l.IsEncrypted) && bo.Mesh.Links.Any(l => l.IsEncrypted), ct);
    }

    [Test]
    public async Task Bytes_that_begin_like_tls_and_are_none_end_the_connection(CancellationToken ct)
    {
        await using var keys = new Keys();
        await using var ana = Node("ana", keys.Ana);
        await using var stranger = await WirePeer.ConnectAsync(ana.Mesh.Port, ct);
        await stranger.SendRawAsync(new byte[] { 22, 3, 1, 0, 5, 9, 9, 9, 9, 9 }, ct);
        Assert.That(await EndsAsync(stranger, ct), Is.True);
        Assert.That(ana.Links, Is.Zero);
    }

    // What TLS says of it is no frame; the end is what counts.
    private static async Task<bool> EndsAsync(WirePeer peer, CancellationToken ct)
    {
        try
        {
            await peer.EndAsync(ct);
        }
        catch (ProtocolException)
        {
            return true;
        }

        return true;
    }

    private static SwarmNode Node(string id, LinkKey key, bool isRequired = true)
    {
        var node = new SwarmNode(id);
        (node.Mesh.Guard.Key, node.Mesh.Guard.IsRequired) = (key, isRequired);
        return node;
    }

    private static void Introduce((SwarmNode Node, LinkKey Key) a, (SwarmNode Node, LinkKey Key) b)
    {
        a.Node.Mesh.SetMember(new Member(b.Node.Id, b.Node.Id, Role.Viewer, 1, [b.Node.Address.ToString()], LinkKey: b.Key.Fingerprint), false);
        b.Node.Mesh.SetMember(new Member(a.Node.Id, a.Node.Id, Role.Viewer, 1, [a.Node.Address.ToString()], LinkKey: a.Key.Fingerprint), false);
    }

    private sealed class Keys : IAsyncDisposable
    {
        public LinkKey Ana { get; } = LinkKey.Create(_now);

        public LinkKey Bo { get; } = LinkKey.Create(_now);

        public LinkKey Mallory { get; } = LinkKey.Create(_now);

        public async ValueTask DisposeAsync()
        {
            await Ana.DisposeAsync();
            await Bo.DisposeAsync();
            await Mallory.DisposeAsync();
        }
    }
}
