using System.Net;
using System.Net.Sockets;
using Jam.Peer.Network;
using Jam.Peer.Wire;
using Jam.Server.Contracts;
using Jam.Tests.Fakes;
using Jam.Tests.Storage;
using NUnit.Framework;

namespace Jam.Tests.Network;

/// <summary>What strangers do in the door, and liars under new names, keeps nobody else out.</summary>
[CancelAfter(60_000)]
internal sealed class EntranceTests
{
    private static readonly IPAddress One = IPAddress.Parse("192.0.2.1");

    [Test]
    public void Who_crowds_the_door_displaces_its_own_oldest()
    {
        var gate = new HalfOpenGate();
        var gone = new List<int>();
        for (var i = 0; i < HalfOpenGate.MostOfOne; i++)
        {
            var number = i;
            gate.Enter(One, () => gone.Add(number), out var crowds);
            Assert.That(crowds, Is.False);
        }

        gate.Enter(IPAddress.Parse("192.0.2.2"), () => gone.Add(-1), out var other);
        gate.Enter(One, () => gone.Add(99), out var crowding);
        gate.Enter(One, () => gone.Add(100), out _);
        Assert.That((other, crowding), Is.EqualTo((false, true)));
        Assert.That(gone, Is.EqualTo(new[] { 0, 1 }));
        Assert.That(gate.Count, Is.EqualTo(HalfOpenGate.MostOfOne + 1));
    }

    [Test]
    public void Where_the_door_is_full_the_oldest_of_the_most_numerous_goes()
    {
        var gate = new HalfOpenGate();
        var gone = new List<string>();
        var left = Enter("203.0.113.9");
        for (var net = 0; gate.Count < HalfOpenGate.Most; net++)
        {
            for (var i = 0; i < (net == 1 ? 12 : 8) && gate.Count < HalfOpenGate.Most; i++)
                Enter($"198.51.100.{net}");
        }

        Enter("203.0.113.1");
        Assert.That(gone, Is.EqualTo(new[] { "198.51.100.1" }));
        gate.Leave(left);
        Enter("203.0.113.2");
        Assert.That(gone, Has.Count.EqualTo(1), "there was room");

        HalfOpen Enter(string from) => gate.Enter(IPAddress.Parse(from), () => gone.Add(from), out _);
    }

    [TestCase("192.0.2.1", "192.0.2.2", false)]
    [TestCase("192.0.2.1", "::ffff:192.0.2.1", true)]
    [TestCase("2001:db8:0:1::1", "2001:db8:0:1:ffff::9", true)]
    [TestCase("2001:db8:0:1::1", "2001:db8:0:2::1", false)]
    [TestCase("fe80::1", "fe80::2", false)]
    [TestCase("::1", "::2", false)]
    public void One_machine_has_a_whole_64_of_IPv6_addresses(string one, string two, bool isSame) =>
        Assert.That(new AddressKey(IPAddress.Parse(one)) == new AddressKey(IPAddress.Parse(two)), Is.EqualTo(isSame));

    [Test]
    public void A_lie_bans_its_address_for_half_a_minute_and_the_next_for_longer()
    {
        var bans = new AddressBans();
        long nowUs = 5_000_000;
        foreach (var seconds in new[] { 30, 60, 120, 240, 480, 480 })
        {
            Assert.That(bans.Has(One, nowUs), Is.False);
            bans.Add(One, nowUs);
            Assert.That(bans.Has(One, nowUs + seconds * 1_000_000L - 1), Is.True);
            Assert.That(bans.Has(IPAddress.Parse("192.0.2.2"), nowUs), Is.False);
            nowUs += seconds * 1_000_000L;
        }
    }

    [Test]
    public void Made_up_addresses_without_end_cost_no_memory_without_end()
    {
        var bans = new AddressBans();
        for (var i = 0; i < 5_000; i++)
            bans.Add(new IPAddress([10, 1, (byte)(i >> 8), (byte)i]), i);
        Assert.That(Enumerable.Range(0, 5_000).Count(i => bans.Has(new IPAddress([10, 1, (byte)(i >> 8), (byte)i]), 5_000)), Is.EqualTo(1024));
    }

    [Test]
    public void A_budget_of_frames_fills_again()
    {
        var budget = new FrameBudget(0);
        Assert.That(Enumerable.Range(0, FrameBudget.Depth).All(_ => budget.TryTake(0)), Is.True);
        Assert.That(budget.TryTake(0), Is.False);
        Assert.That(Enumerable.Range(0, FrameBudget.PerSecond / 10).All(_ => budget.TryTake(100_000)), Is.True);
        Assert.That(budget.TryTake(100_000), Is.False);
    }

    [Test]
    public async Task A_thousand_connections_that_say_nothing_keep_no_one_out_and_are_one_line(CancellationToken ct)
    {
        var track = new TestTrack(100 * 1024);
        await using var host = new SwarmNode("host");
        await using var viewer = new SwarmNode("viewer");
        await host.SeedAsync(track, ct);
        await viewer.WantAsync(track, ct);
        var sockets = new List<Socket>();
        try
        {
            for (var i = 0; i < 1000; i++)
            {
                if (i == 700)
                    await viewer.DialAsync(host, ct);
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                sockets.Add(socket);
                socket.Bind(new IPEndPoint(WirePeer.Elsewhere, 0));
                await socket.ConnectAsync(host.Address, ct);
            }

            await viewer.CompletedAsync(track, ct);
            // From the crowd's own address too: whoever proves membership at once is in.
            await using var neighbour = await WirePeer.JoinAsync(host, "neighbour", ct, WirePeer.Elsewhere);
            Assert.That(await neighbour.IsAliveAsync(ct), Is.True);
            Assert.That(host.Notices.Count(n => n.Contains("more connections than it uses", StringComparison.Ordinal)), Is.EqualTo(1));
            Assert.That(host.Notices, Has.Count.EqualTo(1), () => string.Join('\n', host.Notices));
        }
        finally
        {
            sockets.ForEach(s => s.Dispose());
        }
    }

    [Test]
    public async Task A_flood_is_cut_off_and_the_transfer_beside_it_completes(CancellationToken ct)
    {
        // Time stands still but for the transfer, which needs none: the budget does not fill again.
        var track = new TestTrack(200 * 1024);
        await using var host = new SwarmNode("host", new ManualTimeProvider());
        await using var viewer = new SwarmNode("viewer");
        await host.SeedAsync(track, ct);
        await viewer.WantAsync(track, ct);
        await using var flooder = await WirePeer.JoinAsync(host, "flooder", ct, WirePeer.Elsewhere);
        var flood = FloodAsync();
        await viewer.DialAsync(host, ct);
        await viewer.CompletedAsync(track, ct);
        Assert.That(await flooder.EndAsync(ct), Is.EqualTo("it floods this peer with small frames"));
        await flood;
        Assert.That(viewer.StorageOf(track)!.Bytes.ToArray(), Is.EqualTo(track.Bytes));

        async Task FloodAsync()
        {
            var many = new byte[13 * 1000];
            for (var i = 0; i < 1000; i++)
                FramesOf(new PongFrame(1)).CopyTo(many.AsSpan(13 * i));
            try
            {
                for (var i = 0; i < 2 * FrameBudget.Depth / 1000; i++)
                    await flooder.SendRawAsync(many, ct);
            }
            catch (IOException)
            {
                // Cut off in the middle, as it should be.
                return;
            }
        }
    }

    [Test]
    public async Task A_liar_does_not_come_back_under_another_name_for_a_while_and_others_do(CancellationToken ct)
    {
        var time = new ManualTimeProvider();
        var track = new TestTrack(10 * 1024);
        await using var viewer = new SwarmNode("viewer", time);
        await viewer.WantAsync(track, ct);
        await using var standing = await WirePeer.JoinAsync(viewer, "standing", ct, WirePeer.Elsewhere);
        await using var liar = await WirePeer.JoinAsync(viewer, "liar", ct, WirePeer.Elsewhere);
        await liar.SendAsync(new TrackFrame(3, track.Id, TrackFlags.HasManifest), ct);
        Assert.That(await liar.NextAsync<WantManifestFrame>(ct), Is.Not.Null);
        await liar.SendAsync(new ManifestFrame(3, new TestTrack(2048).Manifest.Encoded), ct);
        Assert.That(await liar.EndAsync(ct), Is.Not.Empty);
        Assert.That(viewer.Drops.Single().Ban, Is.True);

        Assert.That(async () => await WirePeer.JoinAsync(viewer, "somebody-new", ct, WirePeer.Elsewhere), Throws.InstanceOf<Exception>());
        await using (var other = await WirePeer.JoinAsync(viewer, "other", ct))
            Assert.That(await other.IsAliveAsync(ct), Is.True);
        Assert.That(await standing.IsAliveAsync(ct), Is.True, "who shares its address and is here stays");
        time.Advance(TimeSpan.FromSeconds(31));
        await using (var later = await WirePeer.JoinAsync(viewer, "later", ct, WirePeer.Elsewhere))
            Assert.That(await later.IsAliveAsync(ct), Is.True);
        await using (var back = await WirePeer.JoinAsync(viewer, "liar", ct, WirePeer.Elsewhere))
            Assert.That(await back.IsAliveAsync(ct), Is.False, "the liar itself not in this run");
    }

    private static byte[] FramesOf(Frame frame)
    {
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        FrameWriter.Write(output, frame);
        return output.WrittenSpan.ToArray();
    }
}
