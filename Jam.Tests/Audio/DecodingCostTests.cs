using Jam.Peer.Audio;
using Jam.Tests.Fakes;
using NUnit.Framework;

namespace Jam.Tests.Audio;

public sealed class DecodingCostTests
{
    [TestCase(SoundFiles.Wav16)]
    [TestCase(SoundFiles.Flac16)]
    [TestCase(SoundFiles.OggVorbis)]
    [TestCase(SoundFiles.OggOpus)]
    [TestCase(SoundFiles.Mp3)]
    public void Decoding_allocates_nothing_per_block(int format)
    {
        const int rate = 48_000;
        using var decoder = DecoderFactory.Open(new PartialTrack(SoundFiles.Make(format, 12 * rate, rate)), out var error, default);
        Assert.That(decoder, Is.Not.Null, error);
        var block = new float[2 * rate / 100];
        // What is made on first use is not what is measured; MP3 notes where every sixteenth frame stands.
        Read(200);
        Assert.That(Allocated.Least(4, _ => Read(200)), Is.LessThan(200));
        Assert.That(decoder!.PositionFrames, Is.EqualTo(10 * rate), "all of it was read");

        void Read(int blocks)
        {
            for (var i = 0; i < blocks; i++)
                decoder!.Read(block, default);
        }
    }
}
