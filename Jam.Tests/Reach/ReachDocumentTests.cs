using System.Globalization;
using System.Text.RegularExpressions;
using Jam.Peer.Network;
using Jam.Peer.Wire;
using NUnit.Framework;

namespace Jam.Tests.Reach;

/// <summary>REACH.md says what the code does.</summary>
internal sealed partial class ReachDocumentTests
{
    private static readonly string Text = File.ReadAllText(Find());

    [TestCase((byte)FrameType.Pex, "PEX")]
    [TestCase((byte)FrameType.DialBack, "DIAL_BACK")]
    [TestCase((byte)FrameType.DialBackResult, "DIAL_BACK_RESULT")]
    [TestCase((byte)FrameType.TestWant, "TEST_WANT")]
    [TestCase((byte)FrameType.TestData, "TEST_DATA")]
    [TestCase((byte)FrameType.TestAck, "TEST_ACK")]
    public void A_frame_stands_there_with_its_number_and_its_cap(byte type, string name)
    {
        var row = Row().Matches(Text).Single(r => r.Groups[1].Value == type.ToString(CultureInfo.InvariantCulture));
        Assert.That(row.Groups[2].Value, Is.EqualTo(name));
        Assert.That(
            row.Groups[3].Value.Replace(" ", "", StringComparison.Ordinal),
            Is.EqualTo(FrameCaps.MaxPayload((FrameType)type).ToString(CultureInfo.InvariantCulture)));
    }

    [Test]
    public void The_figures_are_those_of_the_code() => Assert.Multiple(() =>
    {
        Assert.That(Text, Does.Contain($"{TestQuota.PerConnection >> 20} MiB per connection"));
        Assert.That(Text, Does.Contain($"a bucket of {TestQuota.Depth >> 20} MiB that fills at {TestQuota.Refill >> 10} KiB/s"));
        Assert.That(Text, Does.Contain($"{BeaconNetwork.Default.Group} and to {BeaconNetwork.Default.Group6}, UDP port {BeaconNetwork.Default.Port}, every {BeaconSender.Every.TotalSeconds} s"));
        Assert.That(Text, Does.Contain($"every {PeerExchange.Every.TotalSeconds} s; what comes sooner"));
    });

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var file = Path.Combine(folder.FullName, "Jam.Peer", "REACH.md");
            if (File.Exists(file))
                return file;
        }

        throw new FileNotFoundException("Jam.Peer/REACH.md is not above the tests");
    }

    [GeneratedRegex(@"^\| (\d+) \| ([A-Z_]+) \|.*\| ([\d ]+) \|\r?$", RegexOptions.Multiline)]
    private static partial Regex Row();
}
