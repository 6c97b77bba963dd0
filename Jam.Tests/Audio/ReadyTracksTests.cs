using Jam.Peer.Audio;
using Jam.Peer.Session;
using NUnit.Framework;

namespace Jam.Tests.Audio;

/// <summary>What may come next is decoded before anybody asks for it.</summary>
public sealed class ReadyTracksTests
{
    private readonly ReadyTracks _ready = new(Decoders.Of(DecoderKind.Auto));

    [TearDown]
    public void Close() => _ready.Close();

    [Test]
    public void Each_is_decoded_from_its_beginning_and_handed_over_as_it_is()
    {
        Prepare(Request("next"), Request("previous"));
        foreach (var name in new[] { "previous", "next" })
        {
            var filler = _ready.Take(name);
            Assert.That(filler?.Track?.TrackId, Is.EqualTo(name));
            Assert.That(filler!.Track!.Find(0, 2 * 44_100), Is.Not.Null);
            filler.Close();
        }
        Assert.That(_ready.Take("next"), Is.Null, "it is handed over once");
    }

    [Test]
    public void Who_is_no_neighbour_any_more_is_let_go()
    {
        Prepare(Request("next"));
        Prepare(Request("another"));
        Assert.That(_ready.Take("next"), Is.Null);
    }

    [Test]
    public void What_cannot_be_played_is_tried_once_and_left_to_whoever_wants_to_hear_it()
    {
        var opened = 0;
        var broken = new TrackRequest("broken", () => { opened++; return new PartialTrack(Mp3Bytes.Garbage(20_000)); });
        Prepare(broken, Request("next"));
        Prepare(broken, Request("next"));
        Assert.That(opened, Is.EqualTo(1));
        Assert.That(_ready.Take("broken"), Is.Null);
        Assert.That(_ready.Take("next"), Is.Not.Null);
    }

    private void Prepare(params TrackRequest[] tracks)
    {
        while (_ready.Prepare(tracks, default))
        {
            // One step after the other.
        }
    }

    private static TrackRequest Request(string id) => new(id, () => new PartialTrack(SampleTrack.Bytes()));
}
