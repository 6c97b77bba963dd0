using Jam.Peer.Playback;

namespace Jam.Peer.Audio.Sndfile;

/// <summary>
/// Several logical streams one behind the other (RFC 3533, section 4). libsndfile plays the first and takes its end for the track's, so each
/// is looked at, and played, as a file of its own.
/// </summary>
internal static class OggChain
{
    private const byte Begins = 2;

    /// <summary>Where each stream stands; null where there is but one, or several at once.</summary>
    public static IReadOnlyList<(long From, long Until)>? Find(ITrackReader reader, long start, CancellationToken cancellationToken)
    {
        var window = new ByteWindow(reader);
        if (!EndsOtherwise(window, start, cancellationToken))
            return null;
        var begins = new List<long>();
        var (end, serial, hasJustBegun) = (start, 0u, false);
        for (var at = start; at < reader.LengthBytes && begins.Count <= ChainIndex.MaxLinks;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var page = window.Get(at, OggPage.HeaderBytes + 255, cancellationToken);
            var length = OggPage.LengthOf(page);
            if (length == 0)
            {
                at = NextPage(window, at + 1, cancellationToken);
                continue;
            }
            var isFirst = (OggPage.Flags(page) & Begins) != 0;
            // Two beginnings in a row are two streams at once.
            if (isFirst ? hasJustBegun : OggPage.Serial(page) != serial)
                return null;
            if (isFirst)
                begins.Add(at);
            (serial, hasJustBegun) = (OggPage.Serial(page), isFirst);
            at = end = at + length;
        }
        if (begins.Count is < 2 or > ChainIndex.MaxLinks || begins[0] != start)
            return null;
        return [.. begins.Select((from, i) => (from, i + 1 < begins.Count ? begins[i + 1] : end))];
    }

    /// <summary>What the links come to together.</summary>
    public static TrackProbe Look(
        ITrackReader reader, IReadOnlyList<(long From, long Until)> links, OpenSoundFile open, CancellationToken cancellationToken)
    {
        var indexed = new List<ChainLink>();
        var probes = new List<TrackProbe>();
        foreach (var (from, until) in links)
        {
            var probe = SndfileProbe.Look(new SlicedReader(reader, from, until), new TrackFormat(Container.Ogg, 0), open, cancellationToken);
            if (probe.Error is not null)
                return probe;
            if (probe.Index is not SoundIndex index)
                return TrackProbe.Failed("it is a chain of several streams, one of which cannot be indexed");
            probes.Add(probe);
            indexed.Add(new ChainLink(from, until, index));
        }
        if (probes.Any(probe => probe.SampleRate != probes[0].SampleRate))
            return TrackProbe.Failed("it is a chain of streams with different sample rates", "this makes one of them: ffmpeg -i FILE FILE.flac");
        if (ChainIndex.Create(indexed) is not { } chain)
            return TrackProbe.Failed("it is a chain of too many streams", "this makes one of them: ffmpeg -i FILE FILE.flac");
        var damaged = probes.FindIndex(probe => probe.DamagedUs > 0);
        return probes[0] with
        {
            DurationUs = (long)((Int128)chain.LengthFrames * 1_000_000 / chain.SampleRate),
            Channels = probes.Max(probe => probe.Channels),
            Index = chain,
            DamagedUs = probes.Sum(probe => probe.DamagedUs),
            DamagedAtUs = damaged < 0 ? 0 : probes.Take(damaged).Sum(probe => probe.DurationUs!.Value) + probes[damaged].DamagedAtUs,
        };
    }

    private static bool EndsOtherwise(ByteWindow window, long start, CancellationToken cancellationToken)
    {
        var first = window.Get(start, OggPage.HeaderBytes, cancellationToken);
        if (first.Length < OggPage.HeaderBytes)
            return false;
        var serial = OggPage.Serial(first);
        var from = Math.Max(start, window.LengthBytes - OggPage.MaxBytes);
        for (var end = window.LengthBytes; end > from;)
        {
            var begin = Math.Max(from, end - 4096);
            var bytes = window.Get(begin, (int)(Math.Min(window.LengthBytes, end + 3) - begin), cancellationToken);
            var page = bytes.LastIndexOf("OggS"u8);
            if (page >= 0 && window.Get(begin + page, OggPage.HeaderBytes, cancellationToken) is { Length: OggPage.HeaderBytes } last)
                return OggPage.Serial(last) != serial;
            end = begin;
        }
        return false;
    }

    private static long NextPage(ByteWindow window, long from, CancellationToken cancellationToken)
    {
        const int step = 16 * 1024;
        for (var at = from; at < window.LengthBytes; at += step - 3)
        {
            var found = window.Get(at, step, cancellationToken).IndexOf("OggS"u8);
            if (found >= 0)
                return at + found;
        }
        return window.LengthBytes;
    }
}
