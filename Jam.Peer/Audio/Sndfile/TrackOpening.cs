using Jam.Peer.Playback;
using Jam.Peer.Session;

namespace Jam.Peer.Audio.Sndfile;

/// <summary>Where a track's file begins, and what opens it without an index; waits for the bytes that tell.</summary>
internal delegate (long Start, OpenSoundFile Open) PlainOpening(CancellationToken cancellationToken);

/// <summary>
/// What opens a track: by its index where there is one, and without it again where that gives nothing. An index is another peer's word, and
/// a track that is all here must not stay silent for it.
/// </summary>
/// <param name="bytes">The track.</param>
/// <param name="library">What opens the parts of it that an index names.</param>
/// <param name="plain">How it is opened without an index; null: never.</param>
internal sealed class TrackOpening(TrackBytes bytes, OpenSoundFile library, PlainOpening? plain)
{
    /// <summary>Silent in a row from an index's first use on: a third of a second, in which sound was looked for five times.</summary>
    private const int Patience = 16;

    private SoundIndex? _index;
    private OpenSoundFile? _open;
    private int _silent;
    private bool _isTrusted;
    private string? _why;

    /// <summary>Whether an index has come since the track was opened last.</summary>
    public bool IsStale { get; private set; }

    /// <summary>Why the index was given up, a line for people; null where it was not.</summary>
    public string? Remark { get; private set; }

    /// <summary>The index in use.</summary>
    public SoundIndex? Index => Remark is null ? _index : null;

    /// <summary>From the next time on it is opened by an index; the first one that fits stays.</summary>
    public void UseIndex(SoundIndex index)
    {
        if (_index is not null)
            return;
        _index = index;
        IsStale = true;
    }

    /// <summary>Opens the track.</summary>
    /// <exception cref="JamException">The library is not installed.</exception>
    /// <exception cref="OperationCanceledException">A wait for the first bytes was cancelled.</exception>
    public ISoundFile? Open(out string? error, CancellationToken cancellationToken)
    {
        IsStale = false;
        bytes.Begin(cancellationToken);
        bytes.Seek(0, SeekOrigin.Begin);
        if (Index is { } index)
        {
            error = null;
            return new SplicedSoundFile(bytes, index, library, because => _why = because);
        }
        if (_open is null)
        {
            var (start, open) = plain!(cancellationToken);
            bytes.ShowAll(start);
            _open = open;
        }
        return _open(bytes, out error);
    }

    /// <summary>Something was decoded: what an index has led to once, it will lead to again.</summary>
    public void OnSound() => _isTrusted = true;

    /// <summary>Something that should have sounded did not. True where the index is given up for that, now.</summary>
    public bool OnSilence()
    {
        if (Index is null || plain is null || _isTrusted || ++_silent < Patience)
            return false;
        _open = null;
        Remark = $"this track's index leads to no sound ({_why ?? "what is there cannot be decoded"}); it is decoded without";
        return true;
    }
}
