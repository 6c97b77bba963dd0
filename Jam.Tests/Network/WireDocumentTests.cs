using System.Globalization;
using System.Text.RegularExpressions;
using Jam.Peer.Network;
using Jam.Peer.Wire;
using NUnit.Framework;

namespace Jam.Tests.Network;

/// <summary>WIRE.md says of every frame what the code does.</summary>
internal sealed partial class WireDocumentTests
{
    private static readonly string Text = File.ReadAllText(Find());

    [Test]
    public void Every_frame_stands_there_with_its_number_and_its_cap([Values] FrameTypeName type)
    {
        var row = Row().Matches(Text).SingleOrDefault(r => r.Groups[1].Value == ((byte)type).ToString(CultureInfo.InvariantCulture));
        Assert.That(row, Is.Not.Null, $"no row for type {(byte)type}");
        Assert.Multiple(() =>
        {
            Assert.That(row!.Groups[2].Value, Is.EqualTo(OnTheWire(type)));
            Assert.That(row.Groups[3].Value.Replace(" ", "", StringComparison.Ordinal), Is.EqualTo(
                FrameCaps.MaxPayload((FrameType)type).ToString(CultureInfo.InvariantCulture)));
        });
    }

    [Test]
    public void Every_frame_is_explained_and_not_only_listed([Values] FrameTypeName type) =>
        Assert.That(Regex.Count(Text, $@"\b{OnTheWire(type)}\b"), Is.GreaterThan(1));

    [Test]
    public void No_frame_is_left_out_or_made_up()
    {
        var coded = Enum.GetValues<FrameType>().Select(t => (byte)t);
        Assert.That(Enum.GetValues<FrameTypeName>().Select(t => (byte)t), Is.EquivalentTo(coded));
        Assert.That(Row().Matches(Text).Select(r => byte.Parse(r.Groups[1].Value, CultureInfo.InvariantCulture)), Is.EquivalentTo(coded));
    }

    [Test]
    public void The_figures_are_those_of_the_code()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Text, Does.Contain($"All of this takes {Handshake.Timeout.TotalSeconds} s at most"));
            Assert.That(Text, Does.Contain("version 1").And.Contain("The version is 1"));
            Assert.That(FrameCaps.Version, Is.EqualTo(1));
            Assert.That(Text, Does.Contain("131 072"));
            Assert.That(Manifest.MaxChunks, Is.EqualTo(131_072));
            Assert.That(Text, Does.Contain($"a slot number, 0 to {FrameCaps.MaxSlots - 1},"));
        });
    }

    // WANT_MANIFEST for WantManifest.
    private static string OnTheWire(FrameTypeName type) => InnerCapital().Replace(type.ToString(), "_$0").ToUpperInvariant();

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var file = Path.Combine(folder.FullName, "Jam.Peer", "WIRE.md");
            if (File.Exists(file))
                return file;
        }

        throw new FileNotFoundException("Jam.Peer/WIRE.md is not above the tests");
    }

    [GeneratedRegex(@"^\| (\d+) \| ([A-Z_]+) \|.*\| ([\d ]+) \|$", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex("(?<=[a-z])[A-Z]")]
    private static partial Regex InnerCapital();

    /// <summary>The types, public so that a test can take each as a case.</summary>
    public enum FrameTypeName : byte
    {
        Where = FrameType.Where,
        RoomInfo = FrameType.RoomInfo,
        Hello = FrameType.Hello,
        Auth = FrameType.Auth,
        Track = FrameType.Track,
        WantManifest = FrameType.WantManifest,
        Manifest = FrameType.Manifest,
        Bitfield = FrameType.Bitfield,
        Have = FrameType.Have,
        Soon = FrameType.Soon,
        Offer = FrameType.Offer,
        Request = FrameType.Request,
        Cancel = FrameType.Cancel,
        Chunk = FrameType.Chunk,
        Reject = FrameType.Reject,
        Blob = FrameType.Blob,
        Rendezvous = FrameType.Rendezvous,
        Pex = FrameType.Pex,
        Ping = FrameType.Ping,
        Pong = FrameType.Pong,
        Bye = FrameType.Bye,
        DialBack = FrameType.DialBack,
        DialBackResult = FrameType.DialBackResult,
        TestWant = FrameType.TestWant,
        TestData = FrameType.TestData,
        TestAck = FrameType.TestAck,
    }
}
