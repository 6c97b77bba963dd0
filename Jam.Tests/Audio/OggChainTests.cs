using Jam.Peer.Audio;
using Jam.Peer.Audio.Sndfile;
using Jam.Peer.Playback;
using Jam.Peer.Session;
using NUnit.Framework;

namespace Jam.Tests.Audio;

/// <summary>Several streams in one Ogg, one behind the other, are one track.</summary>
public sealed class OggChainTests
{
    private const int Rate = 48_000;
    private static readonly int[] s_seconds = [4, 7, 3];

    [Test]
    public void All_of_a_chain_is_played([Values(SoundFiles.OggVorbis, SoundFiles.OggOpus)] int format)
    {
        var links = Links(format);
        var bytes = links.SelectMany(link => link).ToArray();
        var probe = DecoderFactory.Probe(new PartialTrack(bytes));
        Assert.That((probe.Error, probe.DurationUs, probe.DamagedUs), Is.EqualTo(((string?)null, (long?)14_000_000, 0L)));
        using var decoder = Open(new PartialTrack(bytes), IndexOf(bytes));
        Assert.That(decoder.LengthFrames, Is.EqualTo(14L * Rate));
        decoder.SeekFrames(0, default);
        var expected = links.SelectMany((link, i) => Decode(link, s_seconds[i] * Rate)).ToArray();
        var got = new float[expected.Length];
        Assert.That(ReadFully(decoder, got), Is.EqualTo(14 * Rate));
        Assert.That(got, Is.EqualTo(expected).Within(2e-4f));
        Assert.That((decoder.Read(got, default), decoder.PositionFrames, decoder.Concealed), Is.EqualTo((0, 14L * Rate, 0)));
        foreach (var frame in new[] { 4 * Rate, 4 * Rate - 100, 11 * Rate - 1, 12 * Rate + 17, 5 * Rate, 0 })
        {
            decoder.SeekFrames(frame, default);
            Assert.That(decoder.PositionFrames, Is.EqualTo(frame));
            Assert.That(ReadFully(decoder, got.AsSpan(0, 400)), Is.EqualTo(200));
            Assert.That(got[..400], Is.EqualTo(expected[(2 * frame)..(2 * frame + 400)]).Within(1e-3f), $"at {frame}");
        }
    }

    [Test]
    public void A_joiner_in_a_later_link_needs_nothing_of_the_ones_before()
    {
        var links = Links(SoundFiles.OggVorbis);
        var bytes = links.SelectMany(link => link).ToArray();
        var track = new PartialTrack(bytes, isWhole: false);
        track.Arrive(links[0].Length, links[1].Length);
        var index = IndexOf(bytes);
        using var decoder = Open(track, index);
        decoder.SeekFrames(6 * Rate, default);
        Assert.That(ReadFully(decoder, new float[2 * Rate]), Is.EqualTo(Rate));
        Assert.That(track.Waits, Is.Empty);
        Assert.That(track.Asked.Low, Is.GreaterThan(links[0].Length));
        Assert.That(TrackPlaces.ByteAt(index, 6_000_000, bytes.Length), Is.InRange(links[0].Length, links[0].Length + links[1].Length));
    }

    [Test]
    public void What_cannot_be_one_track_says_why()
    {
        byte[] bytes = [.. SoundFiles.Make(SoundFiles.OggVorbis, 96_000, 48_000), .. SoundFiles.Make(SoundFiles.OggVorbis, 88_200, 44_100)];
        Assert.That(DecoderFactory.Probe(new PartialTrack(bytes)).Error, Does.Contain("different sample rates"));
        var links = Links(SoundFiles.OggVorbis);
        bytes = [.. links[0], .. links[1][..(links[1].Length / 2)]];
        Assert.That(DecoderFactory.Probe(new PartialTrack(bytes)).Error, Does.Contain("cut off").Or.Contain("damaged"));
    }

    [Test]
    public void FLAC_in_an_Ogg_that_cannot_be_read_is_called_that()
    {
        byte[] info = [0x7F, .. "FLAC"u8, 1, 0, 0, 1, .. "fLaC"u8, 0x80, 0, 0, 34, .. new byte[34]];
        var probe = DecoderFactory.Probe(new PartialTrack([.. OggPage.Make(1, 0, 0, 2, info)!, .. OggPage.Make(1, 1, 0, OggPage.IsEnd, [9, 9, 9])!]));
        Assert.That(probe.Error, Does.Contain("FLAC in an Ogg"));
        Assert.That(probe.Advice, Does.Contain("-c copy"));
    }

    [Test]
    public void A_changed_blob_is_refused_or_is_the_index_that_it_says([Range(1, 8)] int seed)
    {
        byte[] bytes = [.. Links(SoundFiles.OggOpus).SelectMany(link => link)];
        var blob = IndexOf(bytes).ToBytes();
        var random = new Random(seed);
        for (var i = random.Next(1, 4); i > 0; i--)
            blob[random.Next(4, 40)] = (byte)random.Next(256);
        var index = TrackIndex.TryParse(blob, bytes.Length, out var problem);
        Assert.That(problem is null, Is.EqualTo(index is not null));
        Assert.That(index?.ToBytes() ?? blob, Is.EqualTo(blob), "one index, one hash");
        for (var length = 0; length < 60; length++)
            Assert.That(TrackIndex.TryParse(blob.AsSpan(0, length), bytes.Length, out _), Is.Null, "cut off");
    }

    private readonly Dictionary<int, byte[][]> _made = [];

    private byte[][] Links(int format)
    {
        if (!_made.TryGetValue(format, out var links))
            _made[format] = links = [.. s_seconds.Select((seconds, i) => SoundFiles.Make(
                format, SoundFiles.Chord((seconds + i) * Rate, Rate, 2)[(2 * i * Rate)..], Rate, 2))];
        return links;
    }

    private static ITrackDecoder Open(PartialTrack track, TrackIndex index) =>
        DecoderFactory.Open(track, index, Decoders.Of(DecoderKind.Auto), 0, out _, default)!;

    private static TrackIndex IndexOf(byte[] bytes)
    {
        var probe = DecoderFactory.Probe(new PartialTrack(bytes));
        Assert.That(probe.Error, Is.Null);
        var index = TrackIndex.TryParse(probe.Index!.ToBytes(), bytes.Length, out var error);
        Assert.That(index, Is.InstanceOf<ChainIndex>(), error);
        return index!;
    }

    private static float[] Decode(byte[] bytes, int count)
    {
        using var decoder = DecoderFactory.Open(new PartialTrack(bytes), out _, default)!;
        var all = new float[2 * count];
        Assert.That(ReadFully(decoder, all), Is.EqualTo(count));
        return all;
    }

    private static int ReadFully(ITrackDecoder decoder, Span<float> target)
    {
        var done = 0;
        for (int read; 2 * done < target.Length && (read = decoder.Read(target[(2 * done)..], default)) > 0;)
            done += read;
        return done;
    }
}
