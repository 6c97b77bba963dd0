using Jam.Peer.Playback;

namespace Jam.Peer.Audio.Sndfile;

/// <summary>
/// A track whose index is known: each seek gives the library a file that begins at the entry before the place, with the track's own head in
/// front. So no byte is read but those around the place, while the library by itself would look for it by halving, and for the length
/// at the end. Nothing is read before the first seek.
/// </summary>
internal sealed class SplicedSoundFile : ISoundFile
{
    /// <summary>libsndfile looks for the last page of an Ogg in its last 64 KiB, none of which should be the track's.</summary>
    private const int GapBytes = 66 * 1024;

    private const int BlockFrames = 1024;

    /// <summary>A place so little ahead is reached by decoding on.</summary>
    private const double DecodeOnS = 0.5;

    private readonly TrackBytes _bytes;
    private readonly SoundIndex _index;
    private readonly OpenSoundFile _open;
    private readonly Action<string>? _failed;
    private readonly float[] _skipped;
    private ISoundFile? _file;
    private long _at;

    /// <param name="bytes">The track.</param>
    /// <param name="index">Where its sound stands.</param>
    /// <param name="open">The library.</param>
    /// <param name="failed">Told why a seek led nowhere, one clause.</param>
    public SplicedSoundFile(TrackBytes bytes, SoundIndex index, OpenSoundFile open, Action<string>? failed = null)
    {
        (_bytes, _index, _open, _failed) = (bytes, index, open, failed);
        _skipped = new float[BlockFrames * Channels];
        Layout = StereoMix.Usual(Channels);
        Splice(0);
    }

    public int SampleRate => _index.Layout.SampleRate;

    public int Channels => _index.Layout.Channels;

    public long Frames => _index.Layout.LengthFrames;

    /// <summary>A seek here begins early enough.</summary>
    public bool NeedsSettling => false;

    public Speaker[] Layout { get; private set; }

    public long Seek(long frame)
    {
        if (_index.Layout.Kind == SoundKind.Plain)
            return _at = (_file is null && !Open(0)) ? -1 : _file!.Seek(frame);
        var entry = _index.EntryFor(frame);
        var isOnTheWay = _file is not null && frame >= _at && frame - _at <= DecodeOnS * SampleRate;
        if (!isOnTheWay && !Open(entry))
            return -1;
        // In Vorbis the first frame that comes may be a later one than the entry's.
        if (_at > frame && !(entry > 0 && Open(entry - 1) && _at <= frame))
            return -1;
        while (_at < frame)
        {
            if (Read(_skipped, (int)Math.Min(BlockFrames, frame - _at), out var hasFailed) == 0 || hasFailed)
                return -1;
        }
        return _at;
    }

    public int Read(float[] block, int count, out bool hasFailed)
    {
        hasFailed = _file is null && Seek(0) != 0;
        var got = hasFailed ? 0 : _file!.Read(block, count, out hasFailed);
        _at += got;
        return got;
    }

    public void Dispose() => Close();

    private bool Open(int entry)
    {
        Close();
        Splice(entry);
        // libsndfile looks at the first samples of a WAV, which nobody asked for.
        _bytes.IsBlank = _index.Layout.Kind == SoundKind.Plain;
        _file = _open(_bytes, out var error);
        _bytes.IsBlank = false;
        if (_file is null || _file.Channels != Channels || _file.SampleRate != SampleRate || (_at = _index.FirstOf(entry, _file.Frames)) < 0)
        {
            _failed?.Invoke(_file is null
                ? $"what begins at byte {_index.Offsets[entry]} cannot be opened: {error}"
                : $"what begins at byte {_index.Offsets[entry]} has {_file.Frames} frames, {_file.Channels} channels and {_file.SampleRate} Hz");
            Close();
            return false;
        }
        Layout = _file.Layout;
        return true;
    }

    private void Splice(int entry)
    {
        var layout = _index.Layout;
        _bytes.Splice(layout.Head, _index.Offsets[entry], _index.EndOf(entry), layout.Tail.Length > 0 ? GapBytes : 0, layout.Tail);
    }

    private void Close()
    {
        _file?.Dispose();
        _file = null;
    }
}
