using Jam.Peer.Playback;

namespace Jam.Peer.Audio.Sndfile;

/// <summary>
/// Finds the pages of an Ogg with Vorbis or Opus and checks them by their checksums, in one pass and without decoding: a page whose
/// checksum is wrong is what libogg drops.
/// </summary>
internal sealed class OggScan(ITrackReader reader, int sampleRate, int channels, long lengthFrames)
{
    /// <summary>Comments may hold pictures; the other headers may not.</summary>
    private const int MaxHeaderBytes = 32 * 1024 * 1024;

    /// <summary>Opus counts at this rate whatever it was made from.</summary>
    private const int OpusRate = 48_000;

    private readonly ByteWindow _window = new(reader);
    private readonly List<long> _offsets = [];
    private readonly List<long> _granules = [];
    private readonly List<SoundHole> _holes = [];
    private readonly OggHeaders _headers = new();
    private uint? _serial;
    private bool _isChained;
    private long _audioStart = -1;
    private long _end;
    private long _lastGranule = -1;
    private long _lastPage;
    private bool _isWhole = true;
    private long _headerBytes;
    private long _lostBytes;
    private long _lostBefore;
    private long _firstLostGranule = -1;

    /// <summary>Passes over the track.</summary>
    /// <param name="start">Where its first page stands.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public SoundScan Run(long start, CancellationToken cancellationToken)
    {
        for (var at = start; at < reader.LengthBytes;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var page = PageAt(at, cancellationToken);
            if (!page.IsEmpty && OggPage.IsGood(page))
            {
                Take(page, at);
                _lostBytes += _lostBefore;
                _lostBefore = 0;
                at += page.Length;
                _end = at;
                continue;
            }
            var next = FindNext(at + 1, cancellationToken);
            // What nothing follows is a tag of a player.
            _lostBefore += next - at;
            if (_holes.Count > 0 && _holes[^1].Until == at)
                _holes[^1] = new SoundHole(_holes[^1].From, next);
            else
                _holes.Add(new SoundHole(at, next));
            if (_firstLostGranule < 0)
                _firstLostGranule = Math.Max(0, _lastGranule);
            _isWhole = false;
            at = next;
        }
        if (_audioStart < 0 || _lastGranule <= 0)
            return default;
        var rate = _headers.Kind == SoundKind.Opus ? OpusRate : sampleRate;
        return new SoundScan(
            MakeIndex(), Math.Min(1, (double)_lostBytes / Math.Max(1, reader.LengthBytes - _audioStart)),
            (long)((Int128)Math.Max(0, _firstLostGranule) * 1_000_000 / rate));
    }

    private ReadOnlySpan<byte> PageAt(long at, CancellationToken cancellationToken)
    {
        var length = OggPage.LengthOf(_window.Get(at, OggPage.HeaderBytes + 255, cancellationToken));
        if (length == 0)
            return default;
        var page = _window.Get(at, length, cancellationToken);
        return page.Length == length ? page : default;
    }

    private long FindNext(long from, CancellationToken cancellationToken)
    {
        const int step = 16 * 1024;
        for (var at = from; at < reader.LengthBytes;)
        {
            var bytes = _window.Get(at, step, cancellationToken);
            var found = bytes.IndexOf("OggS"u8);
            if (found >= 0)
                return at + found;
            if (bytes.Length < step)
                break;
            at += bytes.Length - 3;
        }
        return reader.LengthBytes;
    }

    private void Take(ReadOnlySpan<byte> page, long at)
    {
        _serial ??= OggPage.Serial(page);
        if (OggPage.Serial(page) != _serial || _isChained)
        {
            // Others beside it, or behind it: places by granule would be wrong.
            _isChained = true;
            return;
        }
        if (!_headers.IsComplete)
        {
            _headerBytes += page.Length;
            if (_headerBytes <= MaxHeaderBytes)
                _headers.Take(page);
            return;
        }
        var granule = OggPage.Granule(page);
        if (_audioStart < 0)
        {
            _audioStart = at;
            Enter(at, 0);
        }
        else if (_isWhole && granule >= 0 && (OggPage.Flags(page) & OggPage.IsContinued) == 0 && _lastGranule > (_granules.Count > 1 ? _granules[^1] : 0))
        {
            Enter(at, _lastGranule);
        }
        if (granule < 0)
        {
            // No packet ends here: where the next one begins is not known by its page.
            _isWhole = false;
            return;
        }
        if (granule > _lastGranule)
            (_lastGranule, _lastPage) = (granule, at);
        _isWhole = true;
    }

    private void Enter(long at, long granule)
    {
        _offsets.Add(at);
        _granules.Add(granule);
    }

    private SoundIndex? MakeIndex()
    {
        if (_isChained || _headers.Kind is not { } kind || _headers.MakeHead(_serial!.Value) is not { } head)
            return null;
        // An encoder ends the last page in the middle of a packet: libsndfile would reckon its beginning wrong.
        while (_offsets.Count > 1 && _offsets[^1] >= _lastPage)
        {
            _offsets.RemoveAt(_offsets.Count - 1);
            _granules.RemoveAt(_granules.Count - 1);
        }
        var factor = kind == SoundKind.Opus ? OpusRate / sampleRate : 1;
        if (kind == SoundKind.Opus && factor * sampleRate != OpusRate)
            return null;
        var skip = _headers.SkipFrames;
        var origin = _lastGranule - skip - lengthFrames * factor;
        if (origin < 0)
            return null;
        var (offsets, frames) = (new List<long> { _offsets[0] }, new List<long> { 0 });
        for (var i = 1; i < _offsets.Count; i++)
        {
            var frame = (_granules[i] - origin - skip) / factor;
            if (frame <= frames[^1] || frame >= lengthFrames)
                continue;
            offsets.Add(_offsets[i]);
            frames.Add(frame);
        }
        // An Opus decoder that begins later drops nothing, but libsndfile counts as if it did.
        var tail = OggPage.Make(_serial.Value, uint.MaxValue, _lastGranule + skip, OggPage.IsEnd)!;
        // What follows the last page is no sound.
        _holes.RemoveAll(hole => hole.Until > _end);
        return SoundIndex.Create(
            new SoundLayout(kind, sampleRate, channels, lengthFrames, _end, head, tail), offsets, frames, _holes);
    }
}
