using Jam.Peer.Playback;

namespace Jam.Peer.Audio.Sndfile;

/// <summary>Decodes a chain link by link; no more than one is open.</summary>
internal sealed class ChainedDecoder(ITrackReader reader, ChainIndex index, OpenSoundFile open) : ITrackDecoder
{
    private SndfileDecoder? _decoder;
    private int _link = -1;
    private long _linkFrame;
    private int _concealed;

    public int SampleRate => index.SampleRate;

    public int Channels { get; } = index.Links.Max(link => link.Index.Layout.Channels);

    public long? LengthFrames { get; } = index.LengthFrames;

    public long PositionFrames => _decoder is { PositionFrames: >= 0 and var place } ? _linkFrame + place : -1;

    public int Concealed => _concealed + (_decoder?.Concealed ?? 0);

    public int Read(Span<float> stereo, CancellationToken cancellationToken)
    {
        if (_decoder is null)
            throw new InvalidOperationException("A seek or read that was cancelled needs a seek first.");
        var done = 0;
        while (done < stereo.Length / 2)
        {
            int got;
            try
            {
                got = _decoder.Read(stereo[(2 * done)..], cancellationToken);
                if (got == 0)
                {
                    if (_link + 1 >= index.Links.Count)
                        break;
                    Enter(_link + 1, _linkFrame + index.Links[_link].Index.Layout.LengthFrames, 0, cancellationToken);
                }
            }
            catch (OperationCanceledException) when (done > 0)
            {
                // What was decoded before the wait is not lost; the next read waits again.
                break;
            }
            done += got;
        }
        return done;
    }

    public void SeekFrames(long frame, CancellationToken cancellationToken)
    {
        frame = Math.Clamp(frame, 0, LengthFrames!.Value);
        var (link, begin) = (0, 0L);
        while (link + 1 < index.Links.Count && frame - begin >= index.Links[link].Index.Layout.LengthFrames)
            begin += index.Links[link++].Index.Layout.LengthFrames;
        if (link == _link && _decoder is not null)
            _decoder.SeekFrames(frame - begin, cancellationToken);
        else
            Enter(link, begin, frame - begin, cancellationToken);
    }

    public void Dispose() => Close();

    private void Enter(int link, long begin, long frame, CancellationToken cancellationToken)
    {
        var (from, until, places) = index.Links[link];
        Close();
        // The index of the link tells rate and length, so nothing is read before the seek.
        _decoder = SndfileDecoder.Open(new SlicedReader(reader, from, until), places, open, null, out var error, cancellationToken)
            ?? throw new InvalidDataException(error);
        (_link, _linkFrame) = (link, begin);
        _decoder.SeekFrames(frame, cancellationToken);
    }

    private void Close()
    {
        _concealed += _decoder?.Concealed ?? 0;
        _decoder?.Dispose();
        (_decoder, _link) = (null, -1);
    }
}
